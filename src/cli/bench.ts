/** `arpeggio bench`: how fast a model is here, in the vocabulary of llama-bench. */

import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type { GgufFile } from "../gguf/parse.ts";
import { type KvType, kvTypes } from "../load_options.ts";
import { loadParts, type ModelParts } from "../model_loading.ts";
import { Limit } from "../native/abi.ts";
import { describeLibrary } from "../native/library.ts";
import { type MachineLimits, measureLimits, medianLimits } from "../native/limits.ts";
import { currentRuntime } from "../runtime/mod.ts";
import { measureTest } from "./bench_measure.ts";
import { BENCH_FORMATS, type BenchFormat, type BenchResult, benchWriter } from "./bench_report.ts";
import { type BenchTest, benchTestName, benchTests, benchTestTokens } from "./bench_tests.ts";
import { modelArgument, modelName, modelPath } from "./model_file.ts";
import { integerIn, integersIn } from "./numbers.ts";
import { showProgress } from "./progress.ts";
import { roofline, stepCosts } from "./roofline.ts";
import type { Terminal } from "./terminal.ts";

interface BenchFlags {
  nPrompt?: number[];
  nGen?: number[];
  nDepth?: number[];
  pg?: [number, number][];
  batchSize?: number[];
  threads?: number[];
  repetitions: number;
  precision: "q8" | "f32";
  kvType?: KvType;
  output: BenchFormat;
  json?: true;
  warmup: boolean;
  roofline: boolean;
}

/** One model with one number of threads and one size of steps: what has to be loaded anew. */
interface Setting {
  readonly name: string;
  readonly threads: number;
  readonly stepTokens: number;
}

const TOKENS_MAX = 2 ** 20;

/** The command `bench`. */
export function benchCommand(terminal: Terminal): Command {
  const tokens = integersIn({ min: 0, max: TOKENS_MAX });
  const { defaultValue, defaultValueDescription } = modelArgument();
  const model = new Argument("[models...]", "GGUF files").default([defaultValue], defaultValueDescription);
  return new Command("bench")
    .description("Measure tokens per second of prompts (pp) and of single tokens (tg)")
    .addArgument(model)
    .option("-p, --n-prompt <n>", "tokens of a prompt; 0 for no such test (default: 512)", tokens)
    .option("-n, --n-gen <n>", "tokens generated, one step each; 0 for no such test (default: 128)", tokens)
    .option("--pg <pp,tg>", "a prompt and tokens after it, as one test; can be repeated", tokenPairs)
    .option("-d, --n-depth <n>", "tokens in the cache before a test begins (default: 0)", tokens)
    .option("-r, --repetitions <n>", "repetitions of each test", integerIn({ min: 1, max: 1000 }), 5)
    .optionsGroup("Computation:")
    .option("-t, --threads <n>", "threads (default: one per physical core)", integersIn({ min: 1, max: Limit.THREADS }))
    .option("-b, --batch-size <n>", "most tokens in a step (default: 512)", integersIn({ min: 1, max: Limit.TOKENS }))
    .addOption(new Option("--precision <p>", "f32: do not round activations").choices(["q8", "f32"]).default("q8"))
    .addOption(new Option("--kv-type <t>", "numbers attention remembers (default: f16)").choices(kvTypes))
    .optionsGroup("Options:")
    .addOption(new Option("-o, --output <format>", "how results are printed").choices(BENCH_FORMATS).default("md"))
    .option("--json", "the same as --output json")
    .option("--no-warmup", "measure the first execution of a test too")
    .option("--no-roofline", "do not measure what the machine can do at most (0.6 GB of memory, 0.5 s for each test)")
    .addHelpText("after", BENCH_HELP_END)
    .action((models: string[], flags: BenchFlags) => bench(terminal, { models, flags }));
}

const BENCH_HELP_END = `
Options that take <n> take several: 128,256 or 128-512+128 or 1-64*2, or the option more than once.
"of limit" compares with the least time that reading the weights from memory, or the int8 operations, can take.`;

async function bench(
  terminal: Terminal,
  { models, flags }: { models: readonly string[]; flags: BenchFlags },
): Promise<void> {
  const { nPrompt = [512], nGen = [128], nDepth = [0], pg = [], threads = [describeLibrary().cores] } = flags;
  const tests = benchTests({ prompts: nPrompt, generated: nGen, depths: nDepth, both: pg });
  if (tests.length === 0) throw new RangeError("Expected a test but found only numbers of 0 tokens");
  const writer = benchWriter(flags.json ? "json" : flags.output);
  await terminal.write(writer.begin());
  for (const name of models) {
    for (const count of threads) {
      for (const stepTokens of flags.batchSize ?? [512]) {
        const setting = { name, threads: count, stepTokens };
        for await (const result of measureSetting(setting, { tests, flags, signal: terminal.signal })) {
          await terminal.write(writer.add(result));
        }
      }
    }
  }
  await terminal.write(writer.end());
}

async function* measureSetting(
  setting: Setting,
  { tests, flags, signal }: { tests: readonly BenchTest[]; flags: BenchFlags; signal: AbortSignal },
): AsyncGenerator<BenchResult, void> {
  const { name, threads, stepTokens } = setting;
  const kvType = flags.kvType ?? (flags.precision === "f32" ? "f32" : "f16");
  const contextLength = Math.max(...tests.map(benchTestTokens));
  const options = { threads, contextLength, cacheTokens: contextLength, tokensMax: stepTokens, kvType, signal };
  using parts = await loadParts(modelPath(name), { ...options, precision: flags.precision });
  const { plan, cacheShape } = parts.modelPlan;
  const costs = stepCosts(plan, parts.weights.memoryBytes);
  const caches = cacheShape.map(({ window = 0 }, group) => {
    return { positionBytes: parts.nativeCache.blockBytes(group) / Limit.BLOCK_POSITIONS, window };
  });
  const measured: MachineLimits[] = [];
  const lookAtMachine = async () => flags.roofline && measured.push(await measureLimits({ threads, signal }));
  await lookAtMachine();
  for (const test of tests) {
    const date = new Date();
    const { repetitions, warmup } = flags;
    using progress = showProgress(benchTestName(test));
    const onProgress = (share: number) => progress.update(share);
    const milliseconds = await measureTest(parts, test, { repetitions, warmup, signal, onProgress });
    // Before and after: what the machine can do changes where it is shared.
    await lookAtMachine();
    const limits = measured.length > 0 ? medianLimits(measured) : undefined;
    yield {
      ...{ model: modelSummary(parts, name), test, milliseconds, threads, stepTokens: plan.tokensMax, kvType },
      ...{ precision: flags.precision, isa: describeLibrary().isa ?? "", runtime: runtimeName(), date, limits },
      roofline: limits && roofline(costs, { test, stepTokens: plan.tokensMax, caches, limits }),
    };
  }
}

function runtimeName(): string {
  const runtime = currentRuntime();
  return `${runtime.name} ${runtime.version()}`;
}

function modelSummary({ file, modelPlan }: ModelParts, name: string): BenchResult["model"] {
  const tensors = [...file.tensors.values()];
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  return { file: modelName(name), type: `${modelPlan.architecture} ${mainFormat(file)}`, bytes, parameters };
}

/** The format that has most of the bytes. */
function mainFormat(file: GgufFile): string {
  const bytes = new Map<string, number>();
  for (const tensor of file.tensors.values()) bytes.set(tensor.type, (bytes.get(tensor.type) ?? 0) + tensor.bytes);
  return [...bytes].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}

/** A parser for pairs such as `512,128`, one per use of the option. */
function tokenPairs(text: string, previous: [number, number][] = []): [number, number][] {
  const parse = integerIn({ min: 0, max: TOKENS_MAX });
  const parts = text.split(",");
  if (parts.length !== 2) {
    throw new InvalidArgumentError(`Expected two numbers, such as 512,128, but found ${JSON.stringify(text)}.`);
  }
  return [...previous, [parse(parts[0]), parse(parts[1])]];
}
