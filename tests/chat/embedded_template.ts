/**
 * The chat template of the embedded model, out of its file, and the texts around tools that the model was trained on.
 */

import { readFileSync } from "node:fs";
import { parseGguf } from "../../src/gguf/parse.ts";
import { runWhole } from "../../src/time_slice.ts";

/** The model that is part of the repository. */
export const embeddedModel = new URL("../../models/arpeggio-mini-q4_k_m.gguf", import.meta.url);

/** What stands before and behind the list of tools: models/mini/corpus.py. */
export const TOOL_HEAD =
  "# Tools\n\nYou may call one or more functions. The functions are listed within <tools></tools>:\n<tools>";
export const TOOL_TAIL =
  "\n</tools>\n\nTo call a function, answer with a JSON object within <tool_call></tool_call>:\n" +
  '<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>';

/** The Jinja source. */
export function embeddedTemplate(): string {
  return runWhole(parseGguf(readFileSync(embeddedModel))).metadata.getString("tokenizer.chat_template");
}
