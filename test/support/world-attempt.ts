import { normal } from "./world-chance.ts";
import type { World } from "./world-parameters.ts";
import type { Population } from "./world-population.ts";

/** The time that connecting through a proxy takes of an answer's: its own connection, its handshake, its way to the target, TLS. */
const CONNECT_SHARE = 0.5;

/** `refused` by the proxy before anything was sent; `blocked` by an answer that is none; `silent`: nothing ever comes. */
export type Fate = "success" | "blocked" | "refused" | "silent";

export interface Plan {
  readonly fate: Fate;
  /** From its start, in milliseconds; `Infinity` of one that stays silent. */
  readonly endsMs: number;
  /** When its request would leave this machine; `Infinity` where it never does. */
  readonly sentMs: number;
}

/**
 * What becomes of an attempt that starts now. Whether a proxy is up is decided at the start.
 *
 * Every draw is made in any case, so that the luck of one attempt does not shift that of the next.
 */
export function planAttempt(population: Population, proxy: number, host: number, now: number, random: () => number): Plan {
  const { world } = population;
  const refusedMs = 50 + 400 * random();
  const latencyMs = population.medianMs[proxy] * Math.exp(world.sigma * normal(random));
  const good = random() < population.success[proxy];
  const answersAnyway = random() < 0.5;
  if (isOut(world, now)) return SILENT;
  if (!population.isUp(proxy, now)) {
    const heard = population.refuses[proxy] === 1 && !isOut(world, now + refusedMs);
    return heard ? { fate: "refused", endsMs: refusedMs, sentMs: Infinity } : SILENT;
  }
  const connectMs = latencyMs * CONNECT_SHARE;
  const sentMs = isOut(world, now + connectMs) ? Infinity : connectMs;
  // Nothing crosses a moment at which there is no network.
  if (sentMs === Infinity || isOut(world, now + latencyMs)) return { fate: "silent", endsMs: Infinity, sentMs };
  if (population.isBanned(proxy, host)) return { fate: "blocked", endsMs: latencyMs, sentMs };
  if (good) return { fate: "success", endsMs: latencyMs, sentMs };
  return answersAnyway ? { fate: "blocked", endsMs: latencyMs, sentMs } : { fate: "silent", endsMs: Infinity, sentMs };
}

const SILENT: Plan = { fate: "silent", endsMs: Infinity, sentMs: Infinity };

function isOut({ outage }: World, at: number): boolean {
  if (outage === undefined) return false;
  return at % (outage.everySeconds * 1_000) >= (outage.everySeconds - outage.forSeconds) * 1_000;
}
