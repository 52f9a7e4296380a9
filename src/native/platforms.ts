/**
 * The platforms that arpeggio is released for, one npm package each. What is built for them is in tools/release; which
 * package is loaded, in platform_package.ts.
 */

/** A kind of system: operating system, processor, and on Linux the C library. */
export interface Platform {
  readonly name: PlatformName;
  /** As `process.platform` and the field `os` of package.json say it. */
  readonly os: "linux" | "darwin" | "win32";
  /** As `process.arch` and the field `cpu` of package.json say it. */
  readonly cpu: "x64" | "arm64";
  /** As the field `libc` of package.json says it: only for Linux, where there are two. */
  readonly libc: "glibc" | "musl" | undefined;
}

/** The names of platforms, which are those of their packages without the scope. */
export type PlatformName =
  | "linux-x64-gnu"
  | "linux-x64-musl"
  | "linux-arm64-gnu"
  | "linux-arm64-musl"
  | "darwin-x64"
  | "darwin-arm64"
  | "win32-x64"
  | "win32-arm64";

/** Every platform. To add one: a line here, and one in tools/release/targets.ts. */
export const platforms: readonly Platform[] = [
  { name: "linux-x64-gnu", os: "linux", cpu: "x64", libc: "glibc" },
  { name: "linux-x64-musl", os: "linux", cpu: "x64", libc: "musl" },
  { name: "linux-arm64-gnu", os: "linux", cpu: "arm64", libc: "glibc" },
  { name: "linux-arm64-musl", os: "linux", cpu: "arm64", libc: "musl" },
  { name: "darwin-x64", os: "darwin", cpu: "x64", libc: undefined },
  { name: "darwin-arm64", os: "darwin", cpu: "arm64", libc: undefined },
  { name: "win32-x64", os: "win32", cpu: "x64", libc: undefined },
  { name: "win32-arm64", os: "win32", cpu: "arm64", libc: undefined },
];

/** The npm package with a platform's library, such as "@arpeggio/linux-x64-gnu". */
export function packageNameOf(platform: Platform): string {
  return `@arpeggio/${platform.name}`;
}

/** The name of the library file on an operating system: what its linker calls it. */
export function fileNameFor(os: string): string {
  if (os === "win32") return "arpeggio.dll";
  return os === "darwin" ? "libarpeggio.dylib" : "libarpeggio.so";
}
