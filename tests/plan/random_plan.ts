// Makes random plans of every op, for properties that must hold of any plan.
import { PlanBuilder } from "../../src/plan/builder.ts";
import type { Buffer, Plan, Weight, WeightType } from "../../src/plan/plan.ts";
import { runWhole } from "../../src/time_slice.ts";
import { seededRandom } from "../gguf/seeded_random.ts";

const group = { heads: 2, keyColumns: 16, valueColumns: 32, keyType: "F16", valueType: "F16" } as const;
const cache = [{ ...group, layers: 3, blocks: 4 }, { ...group, layers: 2, blocks: 2, window: 40 }];

const layers = cache.flatMap(({ layers }, group) => Array.from({ length: layers }, (_, layer) => ({ layer, group })));

/** A plan of about `length` instructions; the same for the same seed. */
export function randomPlan(seed: number, length: number): Plan {
  const random = seededRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[random() % items.length];
  const plan = new PlanBuilder({ tokensMax: 5, outputsMax: 3, contextLength: 100, cache });
  const columns = [32, 64, 96];
  const buffers: Buffer[] = columns.map((count) => plan.input({ label: `x${count}`, rows: "TOKENS", columns: count }));
  const ofType = (type: Buffer["type"], rows?: Buffer["rows"]) =>
    buffers.filter((buffer) => buffer.type === type && (rows === undefined || buffer.rows === rows));
  const weight = (layout: Weight["layout"], shape: { type: WeightType; rows: number; columns: number }) =>
    plan.weight({ label: "w", layout, offset: 0, ...shape });
  const wide = (count: number): Buffer => {
    const found = ofType("F32", "TOKENS").filter((buffer) => buffer.columns === count);
    return pick(found.length > 0 ? found : [plan.input({ label: "more", rows: "TOKENS", columns: count })]);
  };
  const layer = () => pick(layers);
  const table = plan.ropeTable(plan.constant(new Float64Array(8), { label: "frequencies" }), { label: "table" });

  function matmul(): Buffer {
    const src = pick(buffers);
    const type = src.type !== "F32" ? "Q8_0" : pick(["F32", "F16", "Q8_0"] as const);
    const targets = ofType("F32", src.rows).filter((buffer) => buffer !== src);
    const addTo = random() % 2 === 0 && targets.length > 0 ? pick(targets) : undefined;
    const rows = addTo?.columns ?? pick(columns);
    const matrix = weight("TILES", { type, rows, columns: src.columns });
    return plan.matmul(src, matrix, { label: "matmul", ...(addTo === undefined ? {} : { addTo }) });
  }

  function pair(): readonly [Buffer, Buffer] {
    const a = pick(ofType("F32"));
    return [a, pick(ofType("F32", a.rows).filter((buffer) => buffer.columns === a.columns))];
  }

  const ops: readonly (() => Buffer | void)[] = [
    matmul,
    matmul,
    () => plan.embed(weight("ROWS", { type: "F16", rows: 7, columns: pick(columns) }), { label: "embed" }),
    () => {
      const src = pick(ofType("F32"));
      const norm = weight("ROWS", { type: "F32", rows: 1, columns: src.columns });
      return plan.rmsNorm(src, norm, { label: "norm", epsilon: 1e-5, type: pick(["F32", "Q8", "Q16"] as const) });
    },
    () => plan.quantize(pick(ofType("F32")), { label: "quantize", type: pick(["Q8", "Q16"] as const) }),
    () => plan.rope(wide(64), table, { label: "rope", headColumns: 32, pairs: "NEOX" }),
    () => plan.kvWrite(wide(32), wide(64), { label: "kv", ...layer() }),
    () => plan.attention(wide(64), { label: "attention", ...layer(), heads: 4, scale: 1 }),
    () => plan.swiglu(...pair(), { label: "swiglu", type: pick(["F32", "Q8", "Q16"] as const) }),
    () => plan.add(...pair(), { label: "add" }),
    () => plan.rows(pick(ofType("F32", "TOKENS")), { label: "rows" }),
  ];
  for (let i = 0; i < length; i++) {
    const result = pick(ops)();
    if (result === undefined || buffers.includes(result)) continue;
    buffers.push(result);
    if (random() % 8 === 0) plan.keep(result);
    // Most buffers are used soon or never: forget old ones, so that memory can be shared.
    if (buffers.length > 9) buffers.splice(3 + (random() % 4), 1);
  }
  return runWhole(plan.finish());
}
