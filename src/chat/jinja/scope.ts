/**
 * Names and their values, in scopes within scopes: the template, each round of a loop, each call of a macro.
 */

import type { Budget } from "./budget.ts";
import { undefinedValue } from "./values.ts";
import type { Value } from "./values.ts";

/** What a scope takes that stays because a macro was defined in it. */
export const SCOPE_BYTES = 512;

/** One scope. Names that it does not have are looked for in its parent. */
export class Scope {
  /** How many scopes there are from here outwards. */
  readonly depth: number;
  readonly #parent: Scope | undefined;
  readonly #budget: Budget;
  /**
   * The names in the order they came: there are few, and a map would be slower to make than they are to look through.
   */
  readonly #names: string[] = [];
  readonly #values: Value[] = [];

  constructor({ parent, budget }: { parent?: Scope; budget: Budget }) {
    this.depth = (parent?.depth ?? 0) + 1;
    this.#parent = parent;
    this.#budget = budget;
  }

  /** A scope within this one. */
  inner(): Scope {
    return new Scope({ parent: this, budget: this.#budget });
  }

  /** The value of a name; an undefined value where nobody has it. */
  get(name: string): Value {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.#parent) {
      this.#budget.spend(scope.#names.length / 32);
      const at = scope.#names.indexOf(name);
      if (at !== -1) return scope.#values[at];
    }
    return undefinedValue(`'${name}' is undefined`);
  }

  /**
   * Gives a name a value in this scope. Nothing is paid for it: a scope is gone with its round or call, unless a
   * macro was defined in it, and a macro pays for the scopes around it.
   */
  set(name: string, value: Value): void {
    const at = this.#names.indexOf(name);
    if (at !== -1) this.#values[at] = value;
    else {
      this.#names.push(name);
      this.#values.push(value);
    }
  }
}
