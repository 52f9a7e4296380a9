/** `arpeggio compile`: one executable of a program and a model. How the program is made is in program_file.ts. */

import { writeSync } from "node:fs";
import { chmod, open, rename, rm, stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import process from "node:process";
import { Command } from "commander";
import { ArpeggioError } from "../errors.ts";
import { appendedFrame, appendedSource, findAppended } from "../gguf/appended.ts";
import type { ByteSource } from "../gguf/reader.ts";
import { openFile } from "../runtime/mod.ts";
import { inspectModel } from "./inspection.ts";
import { modelArgument, type ModelFile, modelPath, openModelFile } from "./model_file.ts";
import { openProgram } from "./program_file.ts";
import { showProgress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

interface CompileFlags {
  output: string;
  program?: string;
}

/** How much is read at a time; between two of them is a turn of the event loop. */
const COPY_BYTES = 65536;

/**
 * How much is written at a time: a page. The system keeps what is written together together in its cache and maps it
 * together, so that the program has resident what it never asks for: 8 MB after writes of 2 MB, 3 MB after writes of
 * 64 KiB, and 25 MB with a model of 636 MiB (Linux 6.18, ext4). 779 MB take a second longer.
 */
const WRITE_BYTES = 4096;

const HELP_END = `
The executable needs nothing else, and chats when it is started without a command. The model stays behind its end and
is mapped from there, whatever its size. In a program of your own, loadModel(process.execPath) loads it.`;

/** The command `compile`. */
export function compileCommand(terminal: Terminal): Command {
  return new Command("compile")
    .description("Make one executable of arpeggio, or a program of your own, and a model")
    .addArgument(modelArgument())
    .requiredOption("-o, --output <file>", "where to write the executable")
    .option("--program <file>", "put the model into this executable instead, such as one of bun build --compile")
    .addHelpText("after", HELP_END)
    .action((model: string, flags: CompileFlags) => compile(terminal, { model, flags }));
}

async function compile(terminal: Terminal, from: { model: string; flags: CompileFlags }): Promise<void> {
  const { signal } = terminal;
  const begin = performance.now();
  const output = resolve(from.flags.output);
  await using model = await openModelFile(from.model, signal);
  const { supported, unsupported } = await inspectModel(model, {});
  if (!supported) throw new ArpeggioError(`Expected a model that can be run but ${model.name} cannot: ${unsupported}`);
  await expectOutput(output, { besides: [modelPath(from.model), ...(from.flags.program ? [from.flags.program] : [])] });
  await using program = await openProgram(from.flags.program, signal);
  const bytes = await writeExecutable(output, { program: program.path, model, signal });
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  await terminal.write(`${relative(process.cwd(), output)}: ${Math.round(bytes / 1e6)} MB, ${seconds} s\n`);
}

/** A slip must not cost the model. */
async function expectOutput(output: string, { besides }: { besides: readonly string[] }): Promise<void> {
  const found = await stat(output).catch(() => undefined);
  if (found === undefined) return;
  if (found.isDirectory()) throw new RangeError(`Expected --output to be a file but ${output} is a directory`);
  for (const input of besides) {
    const { dev, ino } = await stat(input);
    if (dev === found.dev && ino === found.ino) {
      throw new RangeError(`Expected --output to be another file than what it is made of, ${input}`);
    }
  }
}

/**
 * Writes the executable under another name until it is complete.
 *
 * @returns Its size in bytes.
 */
async function writeExecutable(
  output: string,
  { program, model, signal }: { program: string; model: ModelFile; signal: AbortSignal },
): Promise<number> {
  const source = await openFile(program);
  const temporary = `${output}.${process.pid}`;
  try {
    const old = await findAppended(source);
    const own = old === undefined ? source : appendedSource(source, { offset: 0, bytes: old.offset });
    const { padding, trailer } = appendedFrame(own.size, model.bytes.size);
    const total = own.size + padding.length + model.bytes.size + trailer.length;
    using progress = showProgress(`Writing ${output}`);
    const file = await open(temporary, "w", 0o755);
    try {
      let done = 0;
      for (const part of [own, padding, model.bytes, trailer]) {
        for await (const bytes of part instanceof Uint8Array ? [part] : chunksOf(part)) {
          signal.throwIfAborted();
          writeAll(file.fd, bytes);
          progress.update((done += bytes.length) / total);
        }
      }
    } finally {
      await file.close();
    }
    await chmod(temporary, 0o755);
    await rename(temporary, output);
    return total;
  } finally {
    await rm(temporary, { force: true });
    await source.close();
  }
}

/** Writes at the end, {@linkcode WRITE_BYTES} at a time: 2 us each, and with a promise for each 20. */
function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, Math.min(WRITE_BYTES, bytes.length - done));
  }
}

async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < source.size; offset += COPY_BYTES) {
    const length = Math.min(COPY_BYTES, source.size - offset);
    const bytes = await source.read(offset, length);
    if (bytes.length !== length) throw new ArpeggioError("Expected files that stay as they are while they are copied");
    yield bytes;
  }
}
