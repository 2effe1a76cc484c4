import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PoolHealth } from "../../src/health/pool-health.ts";
import { cooldownMs, DEFAULT_HEALTH, LAST_LEVEL } from "../../src/health/rules.ts";
import { VERDICT_KINDS, type VerdictKind } from "../../src/model/verdict.ts";
import { census } from "./support.ts";

const EXITS = 6;

const event = fc.record({
  kind: fc.constantFrom("start", "start", "end", "end", "end", "wait", "refresh", "forget"),
  target: fc.nat(2),
  exit: fc.nat(EXITS - 1),
  verdict: fc.constantFrom<VerdictKind>(...VERDICT_KINDS, "exit-error", "exit-error", "exit-error"),
  ms: fc.oneof(fc.nat(100), fc.nat(60_000), fc.constantFrom(0, 3_600_000, 3_000_000_000, 0.25, -0.5, -70_000)),
});

const rules = fc.record({
  window: fc.integer({ min: 1, max: 32 }),
  cooldownAfter: fc.integer({ min: 1, max: 5 }),
  cooldownBaseMs: fc.constantFrom(1, 30_000, 3_000_000_000),
  cooldownMaxMs: fc.constantFrom(3_000_000_000, 5_000_000_000),
  deadAfterSamples: fc.integer({ min: 1, max: 40 }),
  maxEjected: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
});

test("whatever happens, no number leaves its range and every counter says what was counted", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 250 }), rules, (events, given) => {
      const pool = new PoolHealth(census(4, 2), given);
      const targets = [pool.target(), pool.target(), pool.target()];
      const count = (): number[] => Array.from({ length: EXITS }, () => 0);
      const out = targets.map(count);
      const good = targets.map(count);
      const bad = targets.map(count);
      let now = 1_000;
      for (const { kind, target: t, exit, verdict, ms } of events) {
        const target = targets[t];
        switch (kind) {
          case "wait":
            now = Math.max(0, now + ms);
            break;
          case "start":
            target.started(exit);
            out[t][exit]++;
            break;
          case "end": {
            if (out[t][exit] === 0) break;
            out[t][exit]--;
            if (verdict === "success") good[t][exit]++;
            if (verdict === "blocked" || verdict === "exit-error") bad[t][exit]++;
            for (const change of target.ended(exit, verdict, ms, now)) if (change.kind === "cooled") assert.ok(Number.isFinite(change.untilAt) && change.untilAt > now);
            break;
          }
          case "refresh":
            pool.refreshed(exit);
            break;
          case "forget":
            pool.forget(exit);
            for (const of of [out, good, bad]) for (const counts of of) counts[exit] = 0;
            break;
          default: {
            const never: never = kind;
            throw new TypeError(String(never));
          }
        }

        const cell = target.of(exit, now);
        assert.deepEqual([cell.inflight, cell.success, cell.fail], [out[t][exit], good[t][exit], bad[t][exit]]);
        assert.ok(cell.samples <= given.window && cell.level <= LAST_LEVEL);
        assert.ok(cell.avgLatencyMs >= 0 && Number.isFinite(cell.avgLatencyMs));
        assert.ok(cell.sinceSuccessMs === undefined || cell.sinceSuccessMs >= 0);
        const { affinity, global, recency, total } = target.score(exit);
        for (const part of [affinity, global, recency, total]) assert.ok(part >= 0 && part <= 1.000_001, `${part}`);
        const rank = target.rankOf(exit);
        assert.ok(Number.isInteger(rank) && rank >= 0 && rank < 128);
        const until = target.restsUntil(exit);
        assert.ok(until === Infinity || until - now <= cooldownMs(given, LAST_LEVEL) + 1_002, `rests for ${until - now}`);
        for (let one = 0; one < EXITS; one++) assert.ok(!target.isCalm(one) || (target.restsUntil(one) <= now && !target.trialOut(one)), "calm is neither at rest nor on trial");
        const states = Array.from({ length: EXITS }, (_, one) => target.stateOf(one, now));
        const resting = Array.from({ length: EXITS }, (_, one) => states[one] !== "dead" && target.of(one, now).coolsForMs > 0);
        assert.equal(target.cooling(now), resting.filter(Boolean).length);
        assert.ok(resting.slice(4).filter(Boolean).length <= 1, "one of two own addresses at most");
        assert.equal(pool.records.dead, states.filter((state) => state === "dead").length);
        assert.equal(target.inFlight, out[t].reduce((sum, one) => sum + one, 0));
      }
    }),
    { numRuns: 200 },
  );
});

test("a failure never shortens a rest, and a success shortens only one during which it was sent", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 250 }), (events) => {
      const pool = new PoolHealth(census(EXITS), DEFAULT_HEALTH);
      const target = pool.target();
      const startedAt = new Map<number, number[]>();
      const restedFrom = new Map<number, number>();
      let now = 0;
      for (const { kind, exit, verdict, ms } of events) {
        if (kind === "wait") now += Math.abs(ms);
        if (kind === "start") {
          target.started(exit);
          startedAt.set(exit, [...(startedAt.get(exit) ?? []), now]);
        }
        const sent = kind === "end" ? startedAt.get(exit)?.shift() : undefined;
        if (sent === undefined) continue;

        const before = target.restsUntil(exit);
        for (const change of target.ended(exit, verdict, now - sent, now)) if (change.kind === "cooled") restedFrom.set(exit, now);
        const after = target.restsUntil(exit);

        const shortened = before > now && after < before && before !== Infinity;
        if (shortened) assert.ok(verdict === "success" && sent + 2 >= (restedFrom.get(exit) ?? Infinity));
      }
    }),
    { numRuns: 200 },
  );
});

test("the share that may rest is never passed, however failures arrive", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ exit: fc.nat(29), ms: fc.nat(8_000), good: fc.nat(9) }), { maxLength: 600 }), fc.constantFrom(0, 0.1, 0.35, 0.5), (events, maxEjected) => {
      const pool = new PoolHealth(census(20, 10), { ...DEFAULT_HEALTH, maxEjected, deadAfterSamples: 1_000 });
      const target = pool.target();
      let now = 0;
      for (const { exit, ms, good } of events) {
        now += ms;
        for (let i = 0; i < 3; i++) {
          target.started(exit);
          target.ended(exit, good === 0 ? "success" : "exit-error", 0, now);
        }
        const resting = Array.from({ length: 30 }, (_, one) => target.stateOf(one, now) === "cooldown");
        assert.ok(resting.slice(0, 20).filter(Boolean).length <= 20 * maxEjected);
        assert.ok(resting.slice(20).filter(Boolean).length <= 10 * maxEjected);
      }
    }),
    { numRuns: 60 },
  );
});
