/**
 * The architecture `llama` of GGUF: Llama 1 to 3, TinyLlama, Mistral, SmolLM and the many that are built like them.
 * Pre-norm blocks of grouped-query attention with rotary positions and a SwiGLU network. With experts (Mixtral) it is
 * refused by config.ts.
 */

import type { GgufFile } from "../gguf/parse.ts";
import type { Buffer } from "../plan/plan.ts";
import type { Architecture, Recorder } from "./architecture.ts";
import { convert, inputType, linear, normalize, project } from "./blocks.ts";
import { readTransformerConfig, type TransformerConfig } from "./config.ts";
import { ROPE_FACTORS, ropeFrequencies } from "./rope.ts";

function configure(file: GgufFile): TransformerConfig {
  return readTransformerConfig(file, "llama");
}

const EMBEDDING = "token_embd.weight";

/** The output matrix, which is the embedding table where the file has no other ("tied"). */
function outputName({ tensors }: Recorder): string {
  return tensors.has("output.weight") ? "output" : "token_embd";
}

/** Records the forward pass; d columns of the residual stream, h heads over g key/value heads of k and v columns. */
function* build(recorder: Recorder): Generator<void, Buffer> {
  const { plan, tensors, config } = recorder;
  const { layers, columns, vocabularySize: rows } = config;
  let x = plan.embed(tensors.table(EMBEDDING, { rows, columns }), { label: "token_embd" }); // (tokens, d)
  const angles = recordAngles(recorder); // (tokens, r)
  for (let layer = 0; layer < layers; layer++) {
    const last = layer === layers - 1;
    let attended = recordAttention(recorder, { x, angles, layer }); // (tokens, h * v)
    if (last) {
      // Nothing after the last attention looks at other tokens: only rows with logits go on.
      attended = plan.rows(attended, { label: "outputs.attn" }); // (outputs, h * v)
      x = plan.rows(x, { label: "outputs" }); // (outputs, d)
    }
    const output = linear(recorder, `blk.${layer}.attn_output`, { rows: columns, columns: attended.columns });
    project(recorder, convert(recorder, attended, output), { ...output, addTo: x });
    recordFeedForward(recorder, { x, layer });
    yield;
  }
  const output = linear(recorder, outputName(recorder), { rows, columns });
  return project(recorder, normalize(recorder, x, { name: "output_norm", readers: [output] }), output);
}

/** cos and sin of every position of the step (tokens, r). */
function recordAngles({ plan, tensors, config }: Recorder): Buffer {
  const { rope } = config;
  const factors = tensors.has(ROPE_FACTORS) ? tensors.values(ROPE_FACTORS, rope.columns / 2) : undefined;
  const { frequencies, magnitude } = ropeFrequencies(rope, factors);
  return plan.ropeTable(plan.constant(frequencies, { label: "rope frequencies" }), { label: "rope", magnitude });
}

/** Attention of x (tokens, d) to its sequence: (tokens, h * v). */
function recordAttention(
  recorder: Recorder,
  { x, angles, layer }: { x: Buffer; angles: Buffer; layer: number },
): Buffer {
  const { plan, config } = recorder;
  const { columns, heads, keyValueHeads, keyColumns, valueColumns } = config;
  const name = `blk.${layer}`;
  const query = linear(recorder, `${name}.attn_q`, { rows: heads * keyColumns, columns });
  const key = linear(recorder, `${name}.attn_k`, { rows: keyValueHeads * keyColumns, columns });
  const value = linear(recorder, `${name}.attn_v`, { rows: keyValueHeads * valueColumns, columns });
  const h = normalize(recorder, x, { name: `${name}.attn_norm`, readers: [query, key, value] }); // (tokens, d)
  const q = project(recorder, h, query); // (tokens, h * k)
  const k = project(recorder, h, key); // (tokens, g * k)
  const v = project(recorder, h, value); // (tokens, g * v)
  // The converter from PyTorch permutes the rows of q and k so that pairs are neighbours.
  plan.rope(q, angles, { label: `${name}.attn_q`, headColumns: keyColumns, pairs: "INTERLEAVED" });
  plan.rope(k, angles, { label: `${name}.attn_k`, headColumns: keyColumns, pairs: "INTERLEAVED" });
  plan.kvWrite(k, v, { label: name, layer });
  return plan.attention(q, { label: name, layer, heads, scale: 1 / Math.sqrt(keyColumns) });
}

/** x (rows, d) += down(silu(gate(norm(x))) * up(norm(x))). */
function recordFeedForward(recorder: Recorder, { x, layer }: { x: Buffer; layer: number }): void {
  const { plan, config, precision } = recorder;
  const { columns, feedForwardColumns: hidden } = config;
  const name = `blk.${layer}`;
  const gate = linear(recorder, `${name}.ffn_gate`, { rows: hidden, columns });
  const up = linear(recorder, `${name}.ffn_up`, { rows: hidden, columns });
  const down = linear(recorder, `${name}.ffn_down`, { rows: columns, columns: hidden });
  const h = normalize(recorder, x, { name: `${name}.ffn_norm`, readers: [gate, up] }); // (rows, d)
  const [gated, raised] = [project(recorder, h, gate), project(recorder, h, up)]; // (rows, hidden)
  const type = inputType(down, { precision, rows: x.rows });
  const activated = plan.swiglu(gated, raised, { label: `${name}.ffn`, type }); // (rows, hidden)
  project(recorder, { [type]: activated }, { ...down, addTo: x });
}

/** Llama and everything built like it. */
export const llama: Architecture = { name: "llama", configure, build };
