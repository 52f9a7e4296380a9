// Prints the instruction sets that the native library has and this machine can execute, best first, as JSON: for the
// test runner, which is plain JavaScript and may run where there is no FFI.
import { describeLibrary } from "../src/native/library.ts";

console.log(JSON.stringify(describeLibrary().isas));
