/** The embedded model with a sliding window: the same weights, other sense. */

import { readFile } from "node:fs/promises";
import { bytesSource, readGguf, writeGguf } from "../../mod.ts";
import { modelUrl } from "./example_model.ts";

/** The bytes of the file. */
export async function windowedModel(window: number): Promise<Uint8Array> {
  const bytes = await readFile(modelUrl);
  const file = await readGguf(bytesSource(bytes));
  const metadata = [...file.metadata.keys()].filter((key) => key !== "general.alignment").map((key) =>
    [key, file.metadata.get(key)!] as const
  );
  return writeGguf({
    metadata: [...metadata, ["llama.attention.sliding_window", { type: "uint32", value: window }]],
    tensors: [...file.tensors].map(([name, { type, shape, offset, bytes: length }]) => {
      return { name, type, shape, data: bytes.subarray(offset, offset + length) };
    }),
  });
}
