// What worker_test.ts runs in a worker: loads the embedded model, computes with several threads, and ends.
import { parentPort } from "node:worker_threads";
import { miniModel } from "../reference/fixtures.ts";
import { hashBits } from "./hash_bits.ts";
import { loadEngine } from "./run_model.ts";

using engine = await loadEngine(miniModel("q4_k_m").url, { precision: "q8" });
parentPort?.postMessage(hashBits(await engine.logits([1, 2, 3, 4, 5], { threads: 4 })));
