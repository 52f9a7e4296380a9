/**
 * The functions that every template can call: Jinja's `range`, `dict` and `namespace`, transformers'
 * `raise_exception` and `strftime_now`.
 */

import { ChatTemplateError } from "../../errors.ts";
import { argument, operand, required, requiredText } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { MAX_RANGE } from "./budget.ts";
import { toText } from "./python_text.ts";
import { strftime } from "./strftime.ts";
import { read, trusted } from "./text.ts";
import { callable, dict, isDict, setEntry, typeName } from "./values.ts";
import type { Arguments, Namespace, Value } from "./values.ts";

const MAX_FORMAT_LENGTH = 1000;

/**
 * The global functions by name.
 *
 * @param now Tells what `strftime_now` prints, by its UTC fields. Asked only then: the first question for local time
 * has a runtime read its time zones, 7 ms in Bun.
 */
export function createGlobals({ now, budget }: { now: () => Date; budget: Budget }): Map<string, Value> {
  const functions: Record<string, (args: Arguments) => Value> = {
    range: (args) => range(args, budget),
    dict: (args) => newDict(args, budget),
    namespace: (args) => newNamespace(args, budget),
    raise_exception(args) {
      const message = toText(required(args, { index: 0, name: "message" }), budget);
      throw new ChatTemplateError(read(message, budget));
    },
    strftime_now(args) {
      const format = read(requiredText(args, { index: 0, name: "format" }), budget);
      if (format.length > MAX_FORMAT_LENGTH) {
        throw new ChatTemplateError(`strftime_now() takes a format of at most ${MAX_FORMAT_LENGTH} characters`);
      }
      budget.spend(format.length);
      return trusted(strftime(now(), format));
    },
  };
  return new Map(Object.entries(functions).map(([name, call]) => [name, callable(name, call)]));
}

function range(args: Arguments, budget: Budget): Value {
  const bounds = args.positional.map((value) => operand(value, "range()"));
  const [start, stop] = bounds.length === 1 ? [0, bounds[0]] : bounds;
  const step = bounds[2] ?? 1;
  if (bounds.length === 0 || bounds.length > 3) throw new ChatTemplateError("range expected 1 to 3 arguments");
  if (step === 0) throw new ChatTemplateError("range() arg 3 must not be zero");
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (!(count <= MAX_RANGE)) {
    throw new ChatTemplateError(`Range too big. Ranges are limited to ${MAX_RANGE} elements`);
  }
  budget.allocate(64 + 8 * count); // small integers take half of what other elements do
  budget.spend(count / 4);
  return { type: "list", items: Array.from({ length: count }, (_, i) => start + i * step), isTuple: false };
}

function newDict(args: Arguments, budget: Budget): Value {
  const source = argument(args, { index: 0, name: "" });
  const result = dict([], budget);
  if (source !== undefined) {
    if (!isDict(source)) throw new ChatTemplateError(`dict() takes a mapping, not ${typeName(source)}`);
    for (const { key, value } of source.entries.values()) setEntry(result, { key, value, budget });
  }
  for (const [name, value] of args.named) setEntry(result, { key: trusted(name), value, budget });
  return result;
}

function newNamespace(args: Arguments, budget: Budget): Namespace {
  const attributes = new Map<string, Value>();
  const source = args.positional[0];
  if (source !== undefined) {
    if (!isDict(source)) throw new ChatTemplateError(`namespace() takes a mapping, not ${typeName(source)}`);
    for (const { key, value } of source.entries.values()) attributes.set(toText(key, budget).value, value);
  }
  for (const [name, value] of args.named) attributes.set(name, value);
  budget.allocate(128 + 64 * attributes.size);
  budget.spend(attributes.size);
  return { type: "namespace", attributes };
}
