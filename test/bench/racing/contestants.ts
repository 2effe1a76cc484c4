import type { ExitPoolOptions } from "@multihome/core";
import type { MakeContestant } from "./arena.ts";
import { coreContestant } from "./core-contestant.ts";
import { DOCUMENTS, Documents, type DocumentsRules } from "./documents.ts";
import { randomContestant, roundRobinContestant } from "./naive.ts";
import { Oracle } from "./oracle.ts";

/** The policies of the core, as a user turns them on. */
const CORE: Readonly<Record<string, ExitPoolOptions>> = {
  score: { exits: { strategy: "score" }, defaults: { race: { mode: "race", width: 3 } } },
  adaptive: { exits: { strategy: "adaptive" }, defaults: { race: { mode: "adaptive" } } },
  rotate: { exits: { strategy: "rotate" }, defaults: { race: { mode: "off" } } },
  random: { exits: { strategy: "random" }, defaults: { race: { mode: "off" } } },
};

/** Variants of the documents' policy, where they leave something open. */
const DOCUMENTS_VARIANTS: Readonly<Record<string, Partial<DocumentsRules>>> = {
  onePlace: { places: "one" },
  explore: { explore: 0.1 },
  noJitter: { jitter: 0 },
};

/**
 * `core:score`, `core:adaptive`, `core:rotate`, `core:random`, and each with `!blind` behind it for failures that all look alike;
 * `doc`, with `:variant`; `random`, `round-robin`, `oracle`.
 *
 * @throws RangeError for a name that nobody has
 */
export function contestantNamed(name: string): MakeContestant {
  const [family, rest = ""] = name.split(":", 2);
  const [variant, blind] = rest.split("!", 2);
  switch (family) {
    case "core": {
      const options = own(CORE, variant, name);
      return (arena) => coreContestant(arena, { options, kinds: blind === undefined });
    }
    case "doc": {
      const rules = { ...DOCUMENTS, ...(variant === "" ? {} : own(DOCUMENTS_VARIANTS, variant, name)) };
      return (arena) => new Documents(arena, rules);
    }
    case "random":
      return randomContestant;
    case "round-robin":
      return roundRobinContestant;
    case "oracle":
      return (arena) => new Oracle(arena);
    default:
      throw new RangeError(`Expected a policy such as core:score, doc, oracle, random or round-robin, got \`${name}\`.`);
  }
}

function own<T>(of: Readonly<Record<string, T>>, key: string, name: string): T {
  const found = Object.hasOwn(of, key) ? of[key] : undefined;
  if (found === undefined) throw new RangeError(`Expected one of ${Object.keys(of).join(", ")} behind the colon, got \`${name}\`.`);
  return found;
}
