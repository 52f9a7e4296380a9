/**
 * The f64 oracle: executes a plan naively and without any rounding but that of f64. Every buffer has memory of its own,
 * QUANTIZE is the identity, the cache keeps f64. What C computes is measured against this.
 */

import { Limit } from "../../src/native/abi.ts";
import type { Step } from "../../src/plan/frame.ts";
import type { Buffer, Instruction, Plan, Weight } from "../../src/plan/plan.ts";
import { dequantize } from "./dequantize.ts";
import { type Machine, operations } from "./operations.ts";

/** Executes steps of a plan, one after the other, over one cache. */
export interface Interpreter {
  /** Executes one step. */
  run(step: Step): void;
  /** The values (rows, columns) of a buffer after a step, or before it for an input. */
  values(buffer: Buffer): Float64Array;
  /** Fills an input (rows, columns). */
  setValues(buffer: Buffer, values: ArrayLike<number>): void;
}

/** An interpreter of the plan over the bytes of its file. */
export function createInterpreter(plan: Plan, fileBytes: Uint8Array): Interpreter {
  const buffers: Float64Array[] = plan.buffers.map(() => new Float64Array(0));
  const weights = new Map<string, Float64Array>();
  const cache = new Map<string, Float64Array>();

  function weightValues(weight: Weight): Float64Array {
    const { source, type, offset, rows, columns } = weight;
    const key = `${source} ${type} ${offset}`; // the layout is how C stores it
    const known = weights.get(key);
    if (known !== undefined) return known;
    const bytes = source === "MAP" ? fileBytes : plan.constants;
    const values = dequantize(type, { bytes, offset, count: rows * columns });
    weights.set(key, values);
    return values;
  }

  function run(step: Step): void {
    for (const instruction of plan.instructions) execute(instruction, step);
  }

  function execute(instruction: Instruction, step: Step): void {
    const { dst, src, accumulate } = instruction;
    const inPlace = accumulate || (dst !== undefined && src.includes(dst));
    const rowsOf = (buffer: Buffer) => buffer.rows === "TOKENS" ? step.tokens.length : step.outputs.length;
    if (dst !== undefined && !inPlace) buffers[dst.index] = new Float64Array(rowsOf(dst) * dst.columns);
    const machine: Machine = {
      step,
      rows: rowsOf(dst ?? instruction.src[0]),
      dst: dst === undefined ? new Float64Array(0) : buffers[dst.index],
      src: instruction.src.map((buffer) => buffers[buffer.index]),
      weights: instruction.weights.map(weightValues),
      cache,
      cacheShape: plan.cache,
      slot: (token, place) => slotOf(step, token, place),
    };
    operations[instruction.op](machine, instruction);
  }

  return {
    run,
    values: (buffer) => buffers[buffer.index],
    setValues: (buffer, values) => {
      buffers[buffer.index] = Float64Array.from(values);
    },
  };
}

/** Where the cache has a position of the token's sequence. */
function slotOf(step: Step, token: number, { group, position }: { group: number; position: number }): string {
  const table = step.blockTables[group][step.sequences[token]];
  const block = table[Math.floor(position / Limit.BLOCK_POSITIONS)];
  return `${group} ${block * Limit.BLOCK_POSITIONS + (position % Limit.BLOCK_POSITIONS)}`;
}

/**
 * Executes steps from an empty cache.
 *
 * @returns Per step the values of the buffer (rows, columns).
 */
export function interpretPlan(
  plan: Plan,
  fileBytes: Uint8Array,
  { steps, buffer }: { steps: readonly Step[]; buffer: number },
): Float64Array[] {
  const interpreter = createInterpreter(plan, fileBytes);
  return steps.map((step) => {
    interpreter.run(step);
    return interpreter.values(plan.buffers[buffer]);
  });
}

/** The step that reads `tokens` as positions `start` and on of one sequence, with the logits of every token. */
export function sequenceStep(tokens: ArrayLike<number>, options: { start?: number; blocks?: number[] } = {}): Step {
  const { start = 0 } = options;
  const indices = Array.from(tokens, (_, i) => i);
  const blocksCount = Math.ceil((start + tokens.length) / Limit.BLOCK_POSITIONS);
  const { blocks = Array.from({ length: blocksCount }, (_, i) => i) } = options;
  return {
    tokens,
    positions: indices.map((i) => start + i),
    sequences: indices.map(() => 0),
    outputs: indices,
    blockTables: [[blocks]],
  };
}
