// Workers that load the library and end, one after the other. Deno and Node give a library up when the worker that
// loaded it ends, but its threads are asleep in it: it must stay.
import assert from "node:assert/strict";
import { it } from "node:test";
import { Worker } from "node:worker_threads";

/** What a worker says before it ends, or is ended. */
async function logitsOfWorker(): Promise<unknown> {
  const worker = new Worker(new URL("worker_logits.ts", import.meta.url));
  try {
    return await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
  } finally {
    await worker.terminate();
  }
}

it("the library survives the workers that loaded it", async () => {
  const first = await logitsOfWorker();
  assert.match(String(first), /^[0-9a-f]{8}$/);
  for (let i = 0; i < 8; i++) assert.equal(await logitsOfWorker(), first);
});
