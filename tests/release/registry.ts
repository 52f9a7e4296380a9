/** A package registry on this machine with a few archives: package managers can install without a network. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";

/** A package that the registry has. */
export interface RegistryPackage {
  /** Its package.json. */
  readonly manifest: { readonly name: string; readonly version: string };
  /** The path of its archive; without one it can be looked at, but not downloaded. */
  readonly archive: string | undefined;
}

/** A running registry. */
export interface Registry {
  readonly url: string;
  /** What was asked for and is not there. */
  readonly missing: readonly string[];
  close(): void;
}

/** Starts a registry that has `packages`, and answers 404 for all others. */
export function startRegistry(packages: readonly RegistryPackage[]): Promise<Registry> {
  const missing: string[] = [];
  let url = "";
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://registry").pathname).slice(1);
    const archive = packages.find((one) => archiveUrlPath(one) === path)?.archive;
    const found = packages.find(({ manifest }) => manifest.name === path);
    if (archive !== undefined) return void response.end(readFileSync(archive));
    if (found !== undefined) {
      response.setHeader("content-type", "application/json");
      return void response.end(JSON.stringify(documentOf(found, url)));
    }
    missing.push(path);
    response.statusCode = 404;
    response.end("{}");
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      resolve({ url, missing, close: () => void server.close() });
    });
  });
}

/** What a registry says about a package. */
function documentOf(found: RegistryPackage, url: string): unknown {
  const { name, version } = found.manifest;
  const bytes = found.archive === undefined ? "" : readFileSync(found.archive);
  const digest = (algorithm: string, encoding: "hex" | "base64") =>
    createHash(algorithm).update(bytes).digest(encoding);
  const dist = {
    tarball: `${url}${archiveUrlPath(found)}`,
    integrity: `sha512-${digest("sha512", "base64")}`,
    shasum: digest("sha1", "hex"),
  };
  return { name, "dist-tags": { latest: version }, versions: { [version]: { ...found.manifest, dist } } };
}

function archiveUrlPath({ manifest, archive }: RegistryPackage): string {
  return `archives/${archive === undefined ? `none-${manifest.name}` : basename(archive)}`;
}
