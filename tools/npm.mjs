// Runs the user's npm: the one that started us, or the one in PATH.
import { spawnSync } from "node:child_process";
import { modules, outerEnvironment, SetupError } from "./runtimes.mjs";

/**
 * Runs npm to its end.
 * @param {string[]} args
 * @param {{ cwd: string, env?: Record<string, string> }} options `env`: variables beside those of this process
 * @returns {{ status: number | null, stdout: string, output: string }} `output` is everything, errors included
 * @throws {SetupError} when there is no npm
 */
export function runNpm(args, { cwd, env = {} }) {
  // With the Node that npm runs on, never with the one in node_modules, which may be about to be replaced.
  const { npm_execpath: npm = "", npm_node_execpath: node = "" } = process.env;
  const known = npm.endsWith("npm-cli.js") && node && !node.startsWith(modules);
  const [command, ...rest] = known ? [node, npm, ...args] : ["npm", ...args];
  const shell = !known && process.platform === "win32"; // npm is a .cmd file there.
  const { status, error, stdout, stderr } = spawnSync(command, rest, {
    cwd,
    env: { ...outerEnvironment(), ...env },
    shell,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (/ENOENT/.test(error?.message ?? "") || status === 127) {
    throw new SetupError("npm was not found. It comes with Node 20 or later: https://nodejs.org");
  }
  const output = `${stdout ?? ""}${stderr ?? ""}${error ? error.message : ""}`.trim();
  return { status, stdout: stdout ?? "", output };
}
