import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ExitPoolOptions } from "../../src/model/options.ts";
import type { VerdictKind } from "../../src/model/verdict.ts";
import type { Target } from "../../src/race/target.ts";
import { proxies, Rooms } from "./support.ts";

// Whatever has happened to a pool, and however often it is stopped and started, with whichever of its exits: what was known is known.
// TORTURE_RUNS=5000 TORTURE_SEED=7 for more than a moment of it.

const HOSTS = ["a.test", "b.test", "c.test"];
const IDS = proxies(40);

type Step =
  | { do: "attempts"; host: number; from: number; to: number; kind: VerdictKind; latencyMs: number; times: number }
  | { do: "pause"; host: number; exit: number; reason: "banned" | "rate-limited"; ms: number }
  | { do: "advance"; ms: number }
  | { do: "restart"; closing: boolean; afterMs: number; gone: number; reversed: boolean; hostsFirst: boolean };

const exit = fc.nat(IDS.length - 1);
const kinds: VerdictKind[] = ["success", "success", "blocked", "exit-error", "exit-error", "rate-limited", "banned", "target-error", "aborted"];
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("attempts" as const), host: fc.nat(2), from: exit, to: exit, kind: fc.constantFrom(...kinds), latencyMs: fc.constantFrom(0, 1, 40, 3_000, 100_000), times: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pause" as const), host: fc.nat(2), exit, reason: fc.constantFrom("banned" as const, "rate-limited" as const), ms: fc.constantFrom(1, 5_000, 3_600_000, 1e12) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(1, 900, 31_000, 3_600_000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("restart" as const), closing: fc.boolean(), afterMs: fc.constantFrom(0, 10, 60_000, 7_200_000), gone: fc.constantFrom(0, 0, 1, 3, 40), reversed: fc.boolean(), hostsFirst: fc.boolean() }) },
);

/** What has to be the same afterwards, by the names of exits. Ages are those of the clock and are left out. */
function known(rooms: Rooms, target: Target): Map<string, object> {
  const now = rooms.clock.now();
  const all = new Map<string, object>();
  for (let index = 0; index < rooms.table.length; index++) {
    const id = rooms.table.exits[index]?.id;
    if (id === undefined) continue;
    const { success, fail, outcomes, samples, level, consecutiveFails, warnings, avgLatencyMs } = target.health.of(index, now);
    if (success + fail + warnings === 0) continue;
    all.set(id, { success, fail, outcomes, samples, level, consecutiveFails, warnings, avgLatencyMs: Math.round(avgLatencyMs) });
  }
  return all;
}

async function play(steps: readonly Step[], strategy: "score" | "adaptive"): Promise<void> {
  const options: ExitPoolOptions = { exits: { strategy }, targets: Object.fromEntries(HOSTS.map((host) => [host, {}])) };
  let rooms = new Rooms(IDS, options);
  for (const one of steps) {
    const now = rooms.clock.now();
    switch (one.do) {
      case "attempts": {
        const target = rooms.host(HOSTS[one.host]);
        const { beliefs } = target.health;
        beliefs.pool.moment(rooms.health.epoch.tick(now));
        for (let index = Math.min(one.from, one.to); index <= Math.max(one.from, one.to); index++) {
          for (let i = 0; i < one.times; i++) {
            rooms.attempt(target, index, one.kind, one.latencyMs);
            if (strategy !== "adaptive") continue;
            beliefs.started(index);
            if (one.kind === "success") beliefs.succeeded(index, one.latencyMs);
            else beliefs.failed(index, "refused", one.latencyMs, false);
          }
        }
        break;
      }
      case "pause":
        rooms.host(HOSTS[one.host]).pauses.pauseExit(rooms.table.egress[one.exit], one.reason, one.ms, now);
        break;
      case "advance":
        await rooms.clock.advance(one.ms);
        break;
      case "restart":
        rooms = await restarted(rooms, one, options);
        break;
      default: {
        const never: never = one;
        throw new TypeError(String(never));
      }
    }
  }
  await restarted(rooms, { do: "restart", closing: true, afterMs: 0, gone: 0, reversed: false, hostsFirst: true }, options);
}

async function restarted(rooms: Rooms, { closing, afterMs, gone, reversed, hostsFirst }: Extract<Step, { do: "restart" }>, options: ExitPoolOptions): Promise<Rooms> {
  const before = new Map(HOSTS.map((host) => [host, known(rooms, rooms.host(host))]));
  const bans = HOSTS.map((host) => pausesOf(rooms, host));
  const text = await rooms.state.take(closing);
  // Some come later, as those of a list do.
  const first = reversed ? IDS.slice(gone).toReversed() : IDS.slice(gone);
  const next = new Rooms(first, options, { now: 777, wallTime: rooms.clock.wallTime() + afterMs });
  if (hostsFirst) for (const host of HOSTS) next.host(host);
  const applied = await next.state.apply(text);
  assert.equal(applied.kind, "restored");
  assert.equal(applied.kind === "restored" && applied.left, 0, "all of it is as it was written");
  // A save before they have come loses nothing of theirs.
  const between = await next.state.take(false);
  const named = new Set((JSON.parse(between) as { exits: string[] }).exits);
  for (const exits of before.values()) for (const id of exits.keys()) assert.ok(named.has(id), `${id} is forgotten`);
  if (gone > 0) {
    const late = next.admit(IDS.slice(0, gone));
    for (const target of next.targets) for (const index of late) target.desk.admit(index);
    next.state.admitted(late);
  }
  for (const [i, host] of HOSTS.entries()) {
    const target = next.host(host);
    assert.deepEqual(sorted(known(next, target)), sorted(before.get(host) as Map<string, object>), host);
    const left = pausesOf(next, host);
    for (const [id, { reason, forMs }] of bans[i]) {
      if (forMs - afterMs <= 1) continue;
      const found = left.get(id);
      assert.ok(found !== undefined && found.reason === reason && Math.abs(found.forMs - (forMs - afterMs)) <= 2, `${id} at ${host}: ${JSON.stringify(found)}, was ${reason} for ${forMs}, ${afterMs} ago`);
    }
  }
  return next;
}

function pausesOf(rooms: Rooms, host: string): Map<string, { reason: string; forMs: number }> {
  const now = rooms.clock.now();
  return new Map([...rooms.host(host).pauses.entries(now)].map(({ egress, until, reason }) => [rooms.table.exits[rooms.table.membersOf(egress)[0]]?.id ?? "", { reason, forMs: until - now }]));
}

function sorted(map: Map<string, object>): [string, object][] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const SEED = Number(process.env["TORTURE_SEED"] ?? 1);
const RUNS = process.env["TORTURE_RUNS"];

for (const strategy of ["score", "adaptive"] as const) {
  test(`${strategy}: what a pool knows is the same after any number of starts, whichever exits come late (seed ${SEED})`, async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25, size: "max" }), async (steps) => {
        runs++;
        await play(steps, strategy);
      }),
      { seed: SEED, numRuns: Number(RUNS ?? 100), ...(RUNS === undefined ? { interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false } : {}) },
    );
    assert.ok(runs > 0);
  });
}
