/** A script for library_test.ts: loads the library, waits on another thread, and then warns about something else. */

import process from "node:process";
import { openLibrary } from "../../src/native/library.ts";

const { wait } = openLibrary();
await wait(0, 0);
process.emitWarning("a warning of the application", "ExperimentalWarning");
