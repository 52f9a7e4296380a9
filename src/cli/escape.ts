/** Text from files on its way to a terminal: what a terminal would obey is shown instead. */

/** C0 without the line feed, DEL, C1, and the marks that change the direction of text. */
const CONTROLS = /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with control characters other than line feeds as `\u001b`. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
