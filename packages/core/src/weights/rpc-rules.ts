import type { CompiledRule } from "./cost.ts";
import { bodyText, parseJson, type Body } from "./params.ts";
import type { RuleEntry } from "./table.ts";

/** Finds the rule of a JSON-RPC method: named by the path, or by the body of a POST to the bare path. */
export class RpcRules {
  readonly #path: string;
  readonly #bare: string;
  readonly #exact = new Map<string, CompiledRule>();
  readonly #prefixes: { prefix: string; rule: CompiledRule }[] = [];

  constructor(path: string, rules: readonly [RuleEntry, CompiledRule][]) {
    this.#path = path.endsWith("/") ? path : `${path}/`;
    this.#bare = this.#path.slice(0, -1);
    for (const [{ rpc }, rule] of rules) {
      if (rpc === undefined) continue;
      if (rpc.endsWith("*")) this.#prefixes.push({ prefix: rpc.slice(0, -1), rule });
      else this.#exact.set(rpc, rule);
    }
    this.#prefixes.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  find(path: string, body: Body): CompiledRule | undefined {
    const at = path.indexOf(this.#path);
    const named = at < 0 ? "" : path.slice(at + this.#path.length);
    if (named !== "") return this.#named(named);
    if (at < 0 && !path.endsWith(this.#bare)) return undefined;
    const method = methodOf(body);
    return method === undefined ? undefined : this.#named(method);
  }

  #named(method: string): CompiledRule | undefined {
    return this.#exact.get(method) ?? this.#prefixes.find(({ prefix }) => method.startsWith(prefix))?.rule;
  }
}

function methodOf(body: Body): string | undefined {
  const text = body === undefined || body === null ? undefined : bodyText(body);
  const json = text === undefined ? undefined : parseJson(text);
  if (typeof json !== "object" || json === null || !Object.hasOwn(json, "method")) return undefined;
  const { method } = json as { method: unknown };
  return typeof method === "string" ? method : undefined;
}
