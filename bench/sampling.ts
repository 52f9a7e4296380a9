/** How long does choosing a token take? It is added to every token, and vocabularies have up to 256000 of them. */

import { bench, group, run } from "mitata";
import { createSampler, type SamplingOptions } from "../src/sampling/mod.ts";
import { randomWords } from "./weights/random_weights.ts";

const chains: readonly (readonly [name: string, options: SamplingOptions])[] = [
  ["greedy", { temperature: 0 }],
  ["default", {}],
  ["default with penalties", { repetitionPenalty: 1.1 }],
  ["top-p of all tokens", { topK: 0, topP: 0.95, minP: 0 }],
  ["min-p of all tokens", { topK: 0, topP: 1, minP: 0.05 }],
  ["all tokens", { topK: 0, topP: 1, minP: 0 }],
];

/** Numbers with the spread of a language model's logits: a sum of uniform ones is close to normal. */
function randomLogits(count: number): Float32Array {
  const next = randomWords(1);
  return Float32Array.from({ length: count }, () => {
    let sum = 0;
    for (let i = 0; i < 6; i++) sum += next() / 2 ** 32 - 0.5;
    return 4 * sum;
  });
}

if (import.meta.main) {
  for (const vocabularySize of [1024, 32_000, 151_936]) {
    const logits = randomLogits(vocabularySize);
    group(`${vocabularySize} tokens`, () => {
      for (const [name, options] of chains) {
        const sampler = createSampler({ ...options, seed: 1 });
        for (let token = 0; token < 64; token++) sampler.accept(token);
        bench(name, () => sampler.sample(logits));
      }
    });
  }
  await run();
}
