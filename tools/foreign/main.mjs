// `npm run test:foreign`: the native tests, and a generation whose logits are compared, on machines that this one can
// imitate (machines.mjs). Fetches their runtimes, about 100 MB, and says what else is missing.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { exitWith, outerEnvironment, root, runInForeground, SetupError } from "../runtimes.mjs";
import { setUp } from "../setup.mjs";
import { fetchRuntime, machines, missing } from "./machines.mjs";

await exitWith(() => {
  setUp();
  for (const machine of machines) {
    const why = missing(machine);
    if (!why?.endsWith("npm run test:foreign")) continue;
    console.error(`arpeggio: fetching ${machine.package} ...`);
    const options = { env: outerEnvironment(), encoding: /** @type {const} */ ("utf8") };
    const { status, stdout, stderr } = spawnSync("npm", fetchRuntime(machine), options);
    if (status !== 0) throw new SetupError(`npm cannot fetch ${machine.package}.\n${stdout}${stderr}`);
  }
  for (const machine of machines) console.error(`arpeggio: ${machine.name}: ${missing(machine) ?? "is tested"}`);
  // The kernels are tested by a program of their own, which runs under qemu without a runtime.
  const filters = ["--filter", "deep/foreign", "--filter", "csrc/kernels"];
  const test = [join(root, "tools", "test.mjs"), "--deep", ...filters, "--runtime", "node"];
  return runInForeground([process.execPath, ...test]);
});
