/** Texts of all kinds of characters, well-formed, for property tests. */

/** Where the characters come from: first and last code point, and how often. */
const sources: readonly [first: number, last: number, weight: number][] = [
  [0x61, 0x7a, 12],
  [0x41, 0x5a, 4],
  [0x20, 0x20, 10],
  [0x30, 0x39, 4],
  [0x21, 0x2f, 5],
  [0x3a, 0x40, 2],
  [0x5b, 0x60, 1],
  [0x7b, 0x7e, 1],
  [0x09, 0x0d, 4],
  [0x00, 0x1f, 1],
  [0x80, 0xff, 3],
  [0x100, 0x24f, 1],
  [0x300, 0x36f, 1],
  [0x370, 0x5ff, 2],
  [0x600, 0x10ff, 2],
  [0x2000, 0x206f, 2],
  [0x2100, 0x2bff, 2],
  [0x3000, 0x30ff, 1],
  [0x4e00, 0x9fff, 3],
  [0xac00, 0xd7a3, 1],
  [0xe000, 0xffff, 1],
  [0x10000, 0x1f5ff, 1],
  [0x1f600, 0x1f64f, 2],
  [0x20000, 0x10ffff, 1],
];
const lots = sources.flatMap(([first, last, weight]) => Array<[number, number]>(weight).fill([first, last]));

/** A text of up to `charactersMax` characters. Often the same one several times, as in runs of spaces and digits. */
export function randomText(random: () => number, charactersMax: number): string {
  const count = random() % (charactersMax + 1);
  const characters: string[] = [];
  while (characters.length < count) {
    const [first, last] = lots[random() % lots.length];
    const character = String.fromCodePoint(first + random() % (last - first + 1));
    const times = random() % 4 === 0 ? 1 + random() % 5 : 1;
    for (let i = 0; i < times && characters.length < count; i++) characters.push(character);
  }
  return characters.join("");
}
