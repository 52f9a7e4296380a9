// What code may not contain, and where: runtime names, instruction sets, arithmetic whose bits differ between runtimes,
// and forms that our style does without.
import { isCode, isLibrary, linesMatching, type Rule, type SourceFile } from "./source_file.ts";

const ISA_MACRO = /^\s*#\s*(?:el)?if.*\b(?:__AVX\w*|__SSE\w*|__FMA__|__F16C__|__ARM_\w+)/;
const CPU_MACRO = /^\s*#\s*(?:el)?if.*\b(?:__aarch64__|__x86_64__|_M_X64|_M_ARM64)/;
const ISA_HEADER = /^\s*#\s*include\s*<(?:\w*intrin|cpuid|arm_\w+)\.h>/;

/** Where instruction sets may be named: their vocabularies, and the detection. */
function knowsIsas({ path }: SourceFile): boolean {
  return path.startsWith("csrc/simd/") || /^csrc\/(?:\w+\/)?cpu\.[ch]$/.test(path);
}

/** A rule that looks for a pattern in the masked code of some files. */
function forbid(options: {
  name: string;
  where(file: SourceFile): boolean;
  pattern: RegExp;
  message: string;
  text?: boolean;
  bad: Record<string, string>;
}): Rule {
  const { name, where, pattern, message, bad } = options;
  return {
    name,
    bad,
    check: (files) =>
      files.filter(where).flatMap((file) =>
        linesMatching(file, options.text ? file.lines : file.code.split("\n"), pattern, message)
      ),
  };
}

const isScript = (file: SourceFile): boolean => /\.(ts|mjs)$/.test(file.path);
const outsideRuntime = (file: SourceFile): boolean => isLibrary(file) && !file.path.startsWith("src/runtime/");

export const codeRules: Rule[] = [
  forbid({
    name: "runtime globals are used only under src/runtime",
    where: outsideRuntime,
    pattern: /\b(?:Deno|Bun)\b/,
    message: "$& belongs under src/runtime",
    bad: { "src/a.ts": "// A.\nexport const a = Bun.version;\n" },
  }),
  forbid({
    name: "runtime modules are imported only under src/runtime",
    where: outsideRuntime,
    pattern: /(?:\bfrom\s+|\bimport\s+|\bimport\()"(?:bun|bun:\w+|node:ffi)"/,
    message: "$& belongs under src/runtime",
    text: true,
    bad: { "src/a.ts": '// A.\nimport { dlopen } from "bun:ffi";\n' },
  }),
  forbid({
    name: "intrinsic headers are included only under csrc/simd",
    where: (file) => isCode(file) && !knowsIsas(file),
    pattern: ISA_HEADER,
    message: "$& belongs under csrc/simd",
    bad: { "csrc/ops/a.c": "// A.\n#include <immintrin.h>\n" },
  }),
  forbid({
    name: "instruction set macros are tested only in cpu.[ch] and csrc/simd",
    where: (file) => file.path.startsWith("csrc/") && !knowsIsas(file),
    pattern: ISA_MACRO,
    message: "$& belongs under csrc/simd",
    bad: { "csrc/plan.c": "// A.\n#if defined(__AVX2__)\n#endif\n" },
  }),
  forbid({
    name: "processor macros are tested only in cpu.[ch], csrc/simd and csrc/platform",
    where: (file) => file.path.startsWith("csrc/") && !knowsIsas(file) && !file.path.startsWith("csrc/platform/"),
    pattern: CPU_MACRO,
    message: "$& belongs under csrc/simd or csrc/platform",
    bad: { "csrc/pool.c": "// A.\n#ifdef __aarch64__\n#endif\n" },
  }),
  forbid({
    name: "src uses no Math function whose bits differ between runtimes",
    where: isLibrary,
    pattern: /\bMath\.(?:a?(?:sin|cos|tan)h?|atan2|exp|expm1|log|log2|log10|log1p|pow|cbrt|hypot)\b/,
    message: "$& differs between runtimes: use src/numeric",
    bad: { "src/a.ts": "// A.\nexport function a(x: number): number {\n  return Math.exp(x);\n}\n" },
  }),
  forbid({
    name: "src takes nothing from chance but a seed that was not given",
    where: (file) => isLibrary(file) && file.path !== "src/sampling/random.ts",
    pattern: /\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b/,
    message: "$& cannot be repeated: use src/sampling/random.ts",
    bad: { "src/a.ts": "// A.\nexport const a = (): number => Math.random();\n" },
  }),
  forbid({
    name: "src uses ** with integer literals only",
    where: isLibrary,
    pattern: /(?<!\b\d+n?)\s\*\*|\*\*(?!\s\d+n?\b(?!\.))/,
    message: "** is Math.pow: use src/numeric",
    bad: { "src/a.ts": "// A.\nexport const a = (x: number): number => 2 ** x;\n" },
  }),
  forbid({
    name: "there are no default exports",
    where: (file) => isScript(file),
    pattern: /^\s*export\s+default\b|\bas default\b/,
    message: "default export",
    bad: { "src/a.ts": "// A.\nexport default 1;\n" },
  }),
  forbid({
    name: "there are no enums",
    where: (file) => isScript(file),
    pattern: /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w/,
    message: "enum: use an `as const` object",
    bad: { "src/a.ts": "// A.\nexport const enum A { B }\n" },
  }),
  forbid({
    name: "src has no `any` outside src/runtime",
    where: outsideRuntime,
    pattern: /(?::|\bas|<|\||&|,)\s*any\b(?!\s*\()/,
    message: "$&",
    bad: { "src/a.ts": "// A.\nexport const a: any = 1;\n" },
  }),
  forbid({
    name: "top-level functions of src are declarations, not arrow constants",
    where: isLibrary,
    pattern: /^(?:export\s+)?const\s+\w+\s*=\s*(?:async\s*)?(?:<[^=]*>)?\([^()]*\)(?:\s*:[^=]+)?\s*=>/,
    message: "use a function declaration",
    bad: { "src/a.ts": "// A.\nexport const twice = (x: number): number => 2 * x;\n" },
  }),
];
