/** The entry point of the command line, under every runtime. Importing it does nothing. */

import { runProgram } from "./program.ts";

if (import.meta.main) await runProgram();
