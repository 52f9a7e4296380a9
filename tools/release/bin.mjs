#!/usr/bin/env node
// The command `arpeggio` of the npm package. In syntax that every Node knows, to be able to say that one is too old.
const [major, minor] = process.versions.node.split(".").map(Number);
if ("Bun" in globalThis || "Deno" in globalThis || major > 26 || (major === 26 && minor >= 1)) {
  // @ts-expect-error: the package has it.
  const { runProgram } = await import("./src/cli/program.js");
  await runProgram();
} else {
  console.error(`arpeggio: Expected Node 26.1 or later, which has node:ffi, but found ${process.versions.node}.`);
  console.error("Bun does as well: bunx --bun arpeggio");
  process.exitCode = 1;
}
