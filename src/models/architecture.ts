/**
 * What an architecture is: a record of two functions, one from the metadata of a file to a configuration, one from a
 * configuration to a recorded forward pass. The list of them is in mod.ts.
 */

import type { GgufFile } from "../gguf/parse.ts";
import type { PlanBuilder } from "../plan/builder.ts";
import type { Buffer } from "../plan/plan.ts";
import type { TransformerConfig } from "./config.ts";
import type { ModelTensors } from "./tensors.ts";

/**
 * How exact the matmuls are. `"q8"`: activations are quantized to 8 bits before they meet integer weights, to 16 in the
 * rows that become logits. `"f32"`: they never are.
 */
export type Precision = "q8" | "f32";

/** What a forward pass is recorded from and into. */
export interface Recorder {
  readonly plan: PlanBuilder;
  readonly tensors: ModelTensors;
  readonly config: TransformerConfig;
  readonly precision: Precision;
}

/** A kind of model. */
export interface Architecture {
  /** `general.architecture` of its files. */
  readonly name: string;
  /** Reads and checks the configuration of a file. */
  readonly configure: (file: GgufFile) => TransformerConfig;
  /** Records the forward pass, yielding after each layer, and returns the logits (outputs, vocabulary). */
  readonly build: (recorder: Recorder) => Generator<void, Buffer>;
}
