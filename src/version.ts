/** The version of arpeggio, from the one place that has it. */

import packageJson from "../package.json" with { type: "json" };

/** Such as "0.1.0". */
export const VERSION: string = packageJson.version;
