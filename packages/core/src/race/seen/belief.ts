import { LEAST_CHANCE } from "../../health/target-beliefs.ts";
import type { WorthOrder } from "../../lease/worth-order.ts";
import type { ExitBelief } from "../../model/pool.ts";
import type { Engine } from "../engine.ts";
import type { Target } from "../target.ts";

/** What the adaptive policy believes of an exit at a target, in numbers and in words; `undefined` where it does not choose. Changes nothing. */
export function beliefOf(engine: Engine, target: Target, exit: number, now: number): ExitBelief | undefined {
  const { worth } = target;
  if (worth === undefined) return undefined;
  engine.policy.moment(now);
  const { beliefs } = target.health;
  const { pool } = beliefs;
  const up = percent(pool.up(exit));
  const accepts = percent(beliefs.acceptance(exit));
  const typicalMs = Math.round(Math.exp(beliefs.lnScale(exit)));
  const cutMs = Math.round(beliefs.cutMs(exit, worth.lnLimit));
  const proxy = engine.table.isProxy[exit];
  const worked = pool.hasWorked(exit) || !proxy;
  const chosen = worth.chooses(exit);
  const dueInMs = chosen ? 0 : Math.max(0, pool.dueAt(exit) - pool.tick);
  const belief: ExitBelief = { up: up / 100, accepts: accepts / 100, typicalMs, cutMs, chosen, words: "" };
  if (dueInMs > 0) belief.testedInMs = dueInMs;
  const state = worked ? `up with ${up} %` : pool.missed(exit) === 0 ? `not known yet, up with ${up} % as others of its list` : `has never worked, up with ${up} %`;
  const host = beliefs.tries(exit) === 0 ? `this host accepts ${accepts} % of them` : `answers this host with ${accepts} %`;
  const times = worked ? `typically ${seconds(typicalMs)}${proxy ? `, cut off after ${seconds(cutMs)} when places are scarce` : ""}` : "";
  belief.words = `${[state, host, times].filter((part) => part !== "").join(", ")}; ${whatFollows(target, worth, exit, belief)}`;
  return belief;
}

/** Whether requests leave by it, and why. */
function whatFollows({ health: { beliefs } }: Target, worth: WorthOrder, exit: number, { chosen, testedInMs }: ExitBelief): string {
  const chance = beliefs.chance(exit);
  const succeed = `${percent(chance)} % of its attempts ${chosen ? "should" : "would"} succeed`;
  if (chosen) return worth.takesTurns(exit) ? `takes turns with the other own addresses: ${succeed}` : `chosen where none is worth more: ${succeed}`;
  const next = testedInMs !== undefined ? `tested again in ${seconds(testedInMs)} or sooner` : beliefs.pool.isTesting(exit) ? "being tested" : "due for a test";
  return chance < LEAST_CHANCE ? `not chosen: ${succeed}; ${next}` : `not offered now, ${succeed}`;
}

export function percent(likelihood: number): number {
  return Math.round(likelihood * 100);
}

/** As a person says it: 40 ms, 1.2 s, 23 s. */
export function seconds(ms: number): string {
  return ms < 100 ? `${ms} ms` : ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}
