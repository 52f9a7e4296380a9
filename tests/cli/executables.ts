/** Executables for tests: in a folder of their own, where they are alone, and run without anything around them. */

import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { runCli } from "./spawn.ts";

/** Nobody's user id: a user who owns nothing. */
const NOBODY = 65534;

/** Folders for executables, on a path with spaces. */
export interface Workshop {
  /** Where things are made. */
  readonly folder: string;
  /** Where an executable that nothing may be written beside is put. */
  readonly place: string;
  /** The temporary folder of what runs. */
  readonly temporary: string;
  /** Makes `place` what it is called: nobody can write to it, everybody read it. */
  lock(): Promise<void>;
  /** Runs an executable in `place`, with an environment that leads nowhere. */
  run(executable: string, ...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** What an executable left behind in `place` and in the temporary folder. */
  traces(): Promise<{ place: string[]; temporary: string[] }>;
  remove(): Promise<void>;
}

/** Makes the folders. */
export async function openWorkshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), "arpeggio compiled-"));
  const place = join(folder, "a b");
  const temporary = join(folder, "temporary files");
  await mkdir(place);
  await mkdir(temporary);
  const env = { PATH: "", HOME: folder, TMPDIR: temporary, XDG_RUNTIME_DIR: undefined, ARPEGGIO_LIBRARY: undefined };
  return {
    ...{ folder, place, temporary },
    async lock() {
      await chmod(folder, 0o755);
      await chmod(place, 0o555);
      await chmod(temporary, 0o777);
    },
    run: (executable, ...args) => runCli(args, { command: [executable], cwd: place, env }),
    traces: async () => ({ place: await readdir(place), temporary: await readdir(temporary) }),
    async remove() {
      await chmod(place, 0o755);
      await rm(folder, { recursive: true });
    },
  };
}

/** Why nothing can run as another user, or `false`. */
export const cannotBeNobody: string | false = process.getuid?.() === 0 ? false : "only root can become another user";

/** Runs an executable as a user who owns nothing. */
export function runAsNobody(executable: string, args: readonly string[], options: { cwd: string; TMPDIR: string }) {
  const { cwd, TMPDIR } = options;
  const { status, stdout, stderr } = spawnSync(executable, args, {
    ...{ cwd, uid: NOBODY, gid: NOBODY, encoding: "utf8" },
    env: { PATH: "", HOME: "/nonexistent", TMPDIR },
  });
  return { code: status, stdout, stderr };
}
