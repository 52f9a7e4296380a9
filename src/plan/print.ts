/**
 * A plan as text for people: one line per instruction, the same for the same plan, so that two plans can be compared
 * with diff. Not read back by anything.
 */

import { describe } from "./checks.ts";
import type { Buffer, Instruction, Plan, Weight } from "./plan.ts";

/**
 * The text of a plan. A line has the instruction's index, op and label, what it writes and from what, its numbers and
 * its flags: `#3 matmul blk.0.attn_q %3 f32 (tokens, 256) @4096 = %2 q8 (tokens, 256), blk.0.attn_q.weight Q4_K tiles
 * (256, 256) no-wait`. `%3` is a buffer and `@4096` its offset in the arena in bytes.
 */
export function printPlan(plan: Plan): string {
  const { instructions, buffers, weights, constants, arena, tokensMax, outputsMax, contextLength, cache } = plan;
  const lines = [
    `plan of ${instructions.length} instructions, ${buffers.length} buffers, ${weights.length} weights, ` +
    `${constants.length} bytes of constants`,
    `tokens <= ${tokensMax}, outputs <= ${outputsMax}, positions < ${contextLength}, arena ${arena.bytes} bytes`,
  ];
  for (const { layers, heads, keyType, keyColumns, valueType, valueColumns, blocks, window = 0 } of cache ?? []) {
    lines.push(
      `cache of ${layers} layers, ${heads} heads, keys ${keyType} ${keyColumns}, ` +
        `values ${valueType} ${valueColumns}, ${blocks} blocks${window === 0 ? "" : `, window ${window}`}`,
    );
  }
  for (const [i, instruction] of instructions.entries()) lines.push(printInstruction(plan, { i, instruction }));
  return lines.join("\n") + "\n";
}

function printInstruction(plan: Plan, { i, instruction }: { i: number; instruction: Instruction }): string {
  const { op, label, dst, src, weights, n, f, accumulate, noWait } = instruction;
  const parts = [`#${i}`.padEnd(5) + op.toLowerCase().padEnd(10), label];
  const operands = [...src.map((buffer) => printBuffer(buffer)), ...weights.map(printWeight)].join(", ");
  if (dst === undefined) parts.push(operands);
  else parts.push(`${printBuffer(dst)} @${plan.arena.offsets[dst.index]} ${accumulate ? "+=" : "="} ${operands}`);
  if (n.length > 0) parts.push(`n ${n.join(" ")}`);
  if (f.length > 0) parts.push(`f ${f.join(" ")}`);
  if (noWait) parts.push("no-wait");
  return parts.join("  ");
}

function printBuffer(buffer: Buffer): string {
  return `%${buffer.index} ${describe(buffer)}`;
}

function printWeight(weight: Weight): string {
  return `${weight.label} ${describe(weight)}`;
}
