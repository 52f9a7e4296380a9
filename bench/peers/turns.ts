/**
 * In which order the contenders of a round are measured. Another one begins each round, and every second round goes
 * backwards: nobody always comes after the same neighbour. It matters: where a program has just given gigabytes back,
 * the next one may have to wait for the system to provide them again.
 */
export function turnsOf(round: number, count: number): number[] {
  const turns = Array.from({ length: count }, (_, turn) => (round + turn) % count);
  return round % 2 === 0 ? turns : turns.reverse();
}
