/** The model and prompts of the tests in this folder. */

import { type GenerateOptions, loadModel, type LoadModelOptions, type Model } from "../../mod.ts";

/** The embedded model. */
export const modelUrl = new URL("../../models/arpeggio-mini-q4_k_m.gguf", import.meta.url);

/** A conversation whose answer has 65 tokens. */
export const story = [{ role: "user", content: "Tell me a story about a fox." }] as const;

/** A text of 480 tokens or a few less: one step that is waited for in the background. */
export const longPrompt = "Once upon a time, there was a brave fox named Mia. ".repeat(40).slice(0, 1500);

export const greedy: GenerateOptions = { temperature: 0 };

/** Loads the embedded model. */
export function loadExample(options: LoadModelOptions = {}): Promise<Model> {
  return loadModel(modelUrl, options);
}

/** Runs a test that measures time again, a little later, when it fails: somebody else may have had the machine. */
export async function retried(attempts: number, test: () => Promise<void>): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await test();
    } catch (error) {
      if (attempt === attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200 * attempt));
    }
  }
}
