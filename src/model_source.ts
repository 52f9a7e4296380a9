/**
 * Where a model's bytes come from, for reading its header and for the native library: a GGUF file, a program that a
 * model has been appended to, or memory.
 */

import { fileURLToPath } from "node:url";
import { appendedSource, findAppended } from "./gguf/appended.ts";
import { type ByteSource, bytesSource } from "./gguf/reader.ts";
import { NativeMap } from "./native/objects.ts";
import { shown } from "./options.ts";
import { isInsideExecutable, openFile } from "./runtime/mod.ts";

/** The bytes of a model, open for reading. */
export interface ModelSource {
  readonly bytes: ByteSource;
  /** Makes them available to the native library. */
  map(options: { signal: AbortSignal | undefined }): Promise<NativeMap>;
  /** Ends reading; what has been mapped stays. */
  close(): Promise<void>;
}

/**
 * Opens what `loadModel` was given.
 *
 * @throws {TypeError} When it is neither a path nor a URL of a file nor bytes.
 * @throws {Error} What the file system says, with its `code`.
 */
export async function openModelSource(source: string | URL | Uint8Array): Promise<ModelSource> {
  if (source instanceof Uint8Array) {
    return {
      bytes: bytesSource(source),
      map: (options) => NativeMap.ofBytes(source, options),
      close: () => Promise.resolve(),
    };
  }
  const path = pathOf(source);
  const file = await openFile(path);
  const close = () => file.close();
  try {
    if (isInsideExecutable(path)) {
      // No file of the system, so that it can only be copied.
      const bytes = await file.read(0, file.size);
      return { bytes: bytesSource(bytes), map: (options) => NativeMap.ofBytes(bytes, options), close };
    }
    const part = await findAppended(file);
    const bytes = part === undefined ? file : appendedSource(file, part);
    return { bytes, map: () => Promise.resolve(NativeMap.ofFile(path, part)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function pathOf(source: string | URL): string {
  if (source instanceof URL) {
    if (source.protocol === "file:") return fileURLToPath(source);
    throw new TypeError(`Expected the URL of a file (file:) but found ${source.protocol}: download the model first`);
  }
  if (typeof source !== "string") {
    throw new TypeError(`Expected a model as a path, a file: URL or bytes but found ${shown(source)}`);
  }
  const scheme = /^(https?|hf):/.exec(source)?.[0];
  if (scheme === undefined) return source;
  throw new TypeError(`Expected the path of a model file but found the address ${source}: download the model first`);
}
