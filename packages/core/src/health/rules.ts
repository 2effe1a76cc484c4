/** How health is judged; `HealthOptions` in milliseconds. */
export interface HealthRules {
  /** Outcomes that a success rate looks back on, 1 to 32. */
  readonly window: number;
  /** Failures in a row at one target after which an exit rests there. */
  readonly cooldownAfter: number;
  readonly cooldownBaseMs: number;
  readonly cooldownMaxMs: number;
  /** Outcomes without one success, over all targets, after which a proxy is dead. */
  readonly deadAfterSamples: number;
  /** Share of a target's exits that cooldowns may take out; `undefined`: half of the local exits, all proxies. */
  readonly maxEjected: number | undefined;
}

export const DEFAULT_HEALTH: HealthRules = { window: 30, cooldownAfter: 3, cooldownBaseMs: 30_000, cooldownMaxMs: 300_000, deadAfterSamples: 30, maxEjected: undefined };

/** The level at which a cooldown has its full length. */
export const LAST_LEVEL = 4;
/** A latency beyond a day is a clock that jumped. */
export const LONGEST_LATENCY_MS = 86_400_000;
/** 24.8 days: times are kept as 32 bits of milliseconds, and the present is kept below half of that. */
const LONGEST_MS = 2 ** 31 - 1;

/** Length of the `level`-th cooldown in a row: the base twice doubled, then the longest (by default 30, 60, 120, 300 s). */
export function cooldownMs(rules: HealthRules, level: number): number {
  const ms = level >= LAST_LEVEL ? rules.cooldownMaxMs : Math.min(rules.cooldownMaxMs, rules.cooldownBaseMs * 2 ** (level - 1));
  return Math.min(LONGEST_MS, Math.ceil(ms));
}
