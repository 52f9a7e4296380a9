/** The output of `arpeggio --version --verbose`. */

import { diagnostics, type LibraryDiagnostics } from "../diagnostics.ts";
import { escapeControls } from "./escape.ts";

/** What a bug report needs, as lines. */
export function describeDiagnostics(): string {
  const { version, runtime, system, library, libraryError } = diagnostics();
  const lines: [name: string, text: string][] = [
    ["runtime", runtime],
    ["system", system],
    ...(library === undefined ? [["library", `none: ${libraryError}`] as [string, string]] : libraryLines(library)),
  ];
  return [`arpeggio ${version}`, ...lines.map(([name, text]) => `${`${name}:`.padEnd(9)}${escapeControls(text)}`)]
    .join("\n");
}

function libraryLines({ path, place, abi, build, isa, isas, cores }: LibraryDiagnostics): [string, string][] {
  const chosen = isa ?? "none, because ARPEGGIO_ISA names another";
  return [
    ["library", `${path} (${place})`],
    ["build", `${build}, ABI version ${abi}`],
    ["isa", `${chosen} (of ${isas.join(", ")}), ${cores} ${cores === 1 ? "core" : "cores"}`],
  ];
}
