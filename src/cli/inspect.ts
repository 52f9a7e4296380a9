/** `arpeggio inspect`: what a GGUF file says about itself, and whether it can be run. */

import { Command } from "commander";
import { escapeControls } from "./escape.ts";
import { type Inspection, inspectModel, type InspectOptions } from "./inspection.ts";
import { modelArgument, type ModelFile, openModelFile } from "./model_file.ts";
import { formatBytes, formatCount, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

interface InspectFlags extends InspectOptions {
  json?: true;
}

/** The longest metadata value that is printed whole, in characters. */
const TEXT_MAX = 120;

/** The command `inspect`. */
export function inspectCommand(terminal: Terminal): Command {
  return new Command("inspect")
    .description("Print what a model file contains")
    .addArgument(modelArgument())
    .option("--tensors", "list the tensors")
    .option("--plan", "print the plan of a forward pass: what is computed for every token")
    .option("--json", "print JSON; arrays of more than 16 elements as their type and length")
    .action(async (model: string, flags: InspectFlags) => {
      await using file = await openModelFile(model, terminal.signal);
      const inspection = await inspectModel(file, flags);
      await terminal.write(
        flags.json ? `${JSON.stringify(inspection, null, 2)}\n` : escapeControls(inspectionText(file, inspection)),
      );
    });
}

/** The inspection for people. */
function inspectionText({ gguf }: ModelFile, inspection: Inspection): string {
  const { tensors, plan } = inspection;
  const sections = [overview(inspection)];
  const rows = Array.from(gguf.metadata.entries(), ({ key, type, length, text }) => {
    return [key, length === undefined ? type : `${type}[${length}]`, shortened(text)];
  });
  sections.push(`Metadata\n${table(rows)}`);
  if (tensors !== undefined) {
    const lines = tensors.map(({ name, type, shape, bytes, offset }) => {
      return [name, type, `[${shape.join(", ")}]`, formatBytes(bytes), `at ${offset}`];
    });
    sections.push(`Tensors\n${table(lines)}`);
  }
  if (plan !== undefined) sections.push(`Plan\n${plan}`);
  return sections.join("\n");
}

function overview(inspection: Inspection): string {
  const { formats, supported, unsupported, tokenizer, machine } = inspection;
  const rows = [
    ["file", `${inspection.file}, ${formatBytes(inspection.fileBytes)}, GGUF version ${inspection.version}`],
    ["architecture", inspection.architecture ?? "not stated"],
    ["parameters", `${formatCount(inspection.parameters)} in ${inspection.tensorsCount} tensors`],
    ["formats", formats.map(({ type, tensors, bytes }) => `${type} ${tensors} (${formatBytes(bytes)})`).join(", ")],
    ["tokenizer", tokenizer === undefined ? "none" : `${tokenizer.kind}, ${tokenizer.vocabularySize} tokens`],
    ["chat template", inspection.hasChatTemplate ? "yes" : "no"],
    ["can be run", supported ? "yes" : `no: ${unsupported}`],
    ["this machine", machine === undefined ? "has no native library" : `${machine.isa}, ${machine.cores} cores`],
  ];
  for (const note of inspection.notes) rows.push(["note", note]);
  for (const warning of tokenizer?.warnings ?? []) rows.push(["warning", warning]);
  return table(rows);
}

/** A chat template has thousands of characters; all of them are in the JSON. */
function shortened(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX - 3)}...`;
}
