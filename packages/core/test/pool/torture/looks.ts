import type { AcquireOptions, Lease } from "../../../src/index.ts";
import { prometheusText } from "../../../src/metrics.ts";
import { hintsOf, requestOf } from "./options.ts";
import type { Play } from "./play.ts";
import { HOSTS } from "./server.ts";
import type { Asks } from "./world.ts";

/** Of the pool as a whole rather than of an exit. */
const OF_THE_POOL = new Set(["circuit-open", "in-flight", "ledger-pending", "not-ready"]);

/** No figure that is none, none below nothing. */
export function looksRight({ pool, server, hands }: Play): void {
  const status = pool.status();
  numbers(status, "status", server.say.bind(server));
  const overview = pool.overview();
  numbers(overview, "overview", server.say.bind(server));
  const bad = prometheusText(pool).split("\n").find((line) => /NaN| -\d/.test(line) && !line.startsWith("#"));
  if (bad !== undefined) server.say(bad);
  if (status.inflight < 0 || status.exits.healthy < 0) server.say(`status.inflight ${status.inflight}, healthy ${status.exits.healthy}`);
  void hands;
}

function numbers(value: unknown, path: string, say: (wrong: string) => void): void {
  if (typeof value === "number") {
    if (Number.isNaN(value) || value < 0) say(`${path} is ${value}`);
  } else if (ArrayBuffer.isView(value)) {
    for (const one of value as unknown as Float64Array) if (Number.isNaN(one)) say(`${path} holds NaN`);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) if (key !== "priority" && key !== "lnScale") numbers(inner, `${path}.${key}`, say);
  }
}

/** What `explain` says of the exits is what `tryAcquire` finds. */
export function agree({ pool, world, limits }: Play, asks: Asks, options: AcquireOptions, got: (lease: Lease) => void): string | undefined {
  const request = { ...requestOf(asks), hints: hintsOf(asks) };
  const { breaker, exits, queued, wouldWaitMs } = pool.explain(request);
  const usable = exits.filter((exit) => exit.usable).map(({ id }) => id);
  const result = pool.tryAcquire(request, options);
  // Has doubts of its own about who is worth an attempt, and tries those that rest.
  const adaptive = (world.strategy ?? (world.proxies > 0 ? "adaptive" : "rotate")) === "adaptive";
  if (Number.isNaN(wouldWaitMs) || wouldWaitMs < 0) return `wouldWaitMs ${wouldWaitMs}`;
  if (result.granted) {
    got(result.lease);
    const { id } = result.lease.exit;
    // A connection counts otherwise, and does not mind who is busy; what is kept for kinds, and by hand, differs a little.
    // A look into a window that nothing is known of is waited for, but by those who take leases.
    if (exits.some((exit) => exit.id === id && exit.reason?.startsWith("limit:")) && limits.some(({ align, scope, unit }) => align === "fixed" && scope === "exit" && unit === "weight")) return undefined;
    if (usable.includes(id) || options.mode === "shared" || adaptive) return undefined;
    return `explain says ${JSON.stringify(exits.find((exit) => exit.id === id))}, tryAcquire grants it`;
  }
  if (Number.isNaN(result.retryAfterMs) || result.retryAfterMs < 0) return `retryAfterMs ${result.retryAfterMs} of ${result.reason}`;
  if (usable.length === 0 || queued > 0 || breaker !== "closed" || OF_THE_POOL.has(result.reason) || asks.affinity !== undefined || options.mode === "shared") return undefined;
  if (adaptive) return undefined;
  if (world.ledger !== "none" && asks.host === 0 && limits.length > 0) return undefined;
  return `explain says that ${usable.join(", ")} may be used, tryAcquire says ${result.reason} (${HOSTS[asks.host]})`;
}
