/**
 * Methods of lists and mappings. Those that change a list are refused by the sandbox of transformers, but templates are
 * written for other engines too.
 */

import { ChatTemplateError } from "../../errors.ts";
import { argument, argumentOr, integerArgument, required } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { elements } from "./iteration.ts";
import { dict, isDict, isEqual, keyOf, list, setEntry, tuple } from "./values.ts";
import type { Arguments, Dict, List, Value } from "./values.ts";

type Method<Self> = (self: Self, call: { args: Arguments; budget: Budget }) => Value;

/** The methods of a list. Tuples have `count` and `index` only. */
export const LIST_METHODS: Readonly<Record<string, Method<List>>> = {
  count(self, { args, budget }) {
    return indexes(self, { args, budget }).length;
  },
  index(self, { args, budget }) {
    const [first] = indexes(self, { args, budget });
    if (first === undefined) throw new ChatTemplateError("list.index(x): x not in list");
    return first;
  },
  append(self, { args, budget }) {
    budget.allocate(16);
    self.items.push(required(args, { index: 0, name: "object" }));
    return null;
  },
  extend(self, { args, budget }) {
    const added = elements(required(args, { index: 0, name: "iterable" }), budget);
    budget.allocate(16 * added.length);
    budget.spend(added.length / 4);
    for (let i = 0, count = added.length; i < count; i++) self.items.push(added[i]);
    return null;
  },
  pop(self, { args, budget }) {
    budget.spend(self.items.length / 4);
    const index = integerArgument(args, { index: 0, name: "index", fallback: -1 });
    const [removed] = self.items.splice(index, 1);
    if (removed === undefined) throw new ChatTemplateError("pop index out of range");
    return removed;
  },
};

function indexes(self: List, { args, budget }: { args: Arguments; budget: Budget }): number[] {
  const wanted = required(args, { index: 0, name: "value" });
  budget.allocate(16 * self.items.length);
  return [...self.items.keys()].filter((i) => {
    budget.spend(1);
    return isEqual(self.items[i], { to: wanted, budget });
  });
}

/** The methods of a mapping. */
export const DICT_METHODS: Readonly<Record<string, Method<Dict>>> = {
  get(self, { args, budget }) {
    const key = keyOf(required(args, { index: 0, name: "key" }), budget);
    const found = self.entries.get(key);
    return found === undefined ? argumentOr(args, { index: 1, name: "default", fallback: null }) : found.value;
  },
  items(self, { budget }) {
    return itemsOf(self, budget);
  },
  keys(self, { budget }) {
    return list([...elements(self, budget)], budget);
  },
  values(self, { budget }) {
    budget.spend(self.entries.size);
    return list(Array.from(self.entries.values(), ({ value }) => value), budget);
  },
  copy(self, { budget }) {
    return dict(Array.from(self.entries.values(), ({ key, value }) => [key, value] as const), budget);
  },
  pop(self, { args, budget }) {
    const key = required(args, { index: 0, name: "key" });
    const found = self.entries.get(keyOf(key, budget));
    self.entries.delete(keyOf(key, budget));
    const value = found === undefined ? argument(args, { index: 1, name: "default" }) : found.value;
    if (value === undefined) throw new ChatTemplateError("pop(): the key does not exist");
    return value;
  },
  setdefault(self, { args, budget }) {
    const key = required(args, { index: 0, name: "key" });
    const found = self.entries.get(keyOf(key, budget));
    if (found !== undefined) return found.value;
    const value = argumentOr(args, { index: 1, name: "default", fallback: null });
    setEntry(self, { key, value, budget });
    return value;
  },
  update(self, { args, budget }) {
    const other = argument(args, { index: 0, name: "other" });
    if (other !== undefined) {
      if (!isDict(other)) throw new ChatTemplateError("update() takes a dict");
      for (const { key, value } of [...other.entries.values()]) setEntry(self, { key, value, budget });
    }
    return null;
  },
};

/** The entries of a mapping as pairs. */
export function itemsOf(self: Dict, budget: Budget): List {
  budget.spend(2 * self.entries.size);
  return list(Array.from(self.entries.values(), ({ key, value }) => tuple([key, value], budget)), budget);
}
