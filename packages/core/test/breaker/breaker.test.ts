import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Breaker } from "../../src/breaker/breaker.ts";
import { VERDICT_KINDS, type VerdictKind } from "../../src/model/verdict.ts";

function failed(times: number, now = 0, breaker = new Breaker()): Breaker {
  for (let i = 0; i < times; i++) breaker.voted("target-error", now, false);
  return breaker;
}

test("ten errors of the target in a row open it, one probe every 30 seconds is let through, and its success closes it", () => {
  const breaker = new Breaker();
  for (let i = 0; i < 9; i++) assert.equal(breaker.voted("target-error", i, false), undefined);
  assert.deepEqual(breaker.voted("target-error", 9, false), { from: "closed", to: "open", reason: "target-errors", nextProbeAt: 30_009 });

  const steps: { at: number; admit: "go" | "probe" | "refuse"; state: string; vote?: VerdictKind }[] = [
    { at: 10, admit: "refuse", state: "open" },
    { at: 30_008, admit: "refuse", state: "open" },
    { at: 30_009, admit: "probe", state: "half-open" },
    { at: 30_010, admit: "refuse", state: "half-open", vote: "target-error" },
    { at: 60_009, admit: "refuse", state: "open" },
    { at: 60_010, admit: "probe", state: "half-open", vote: "exit-error" },
    { at: 90_010, admit: "probe", state: "half-open", vote: "success" },
    { at: 90_010, admit: "go", state: "closed" },
  ];
  for (const { at, admit, state, vote } of steps) {
    assert.equal(breaker.admit(at), admit, `at ${at}`);
    assert.equal(breaker.state(at), state, `at ${at}`);
    if (vote !== undefined) breaker.voted(vote, at, true);
  }
});

test("a success anywhere between them begins the count anew; other verdicts neither break nor lengthen it", () => {
  const breaker = failed(9);
  for (const kind of VERDICT_KINDS) if (kind !== "success" && kind !== "target-error") breaker.voted(kind, 0, false);
  assert.equal(breaker.closed, true);
  breaker.voted("success", 0, false);

  failed(9, 0, breaker);
  assert.equal(breaker.closed, true);
  failed(1, 0, breaker);
  assert.equal(breaker.closed, false);
});

test("it opens at once when every exit is gone, and is half open as soon as one is back", () => {
  const breaker = new Breaker();

  assert.deepEqual(breaker.exitsGone(1_000), { from: "closed", to: "open", reason: "no-exits", nextProbeAt: 31_000 });
  assert.equal(breaker.exitsGone(2_000), undefined, "gone already");
  assert.equal(breaker.admit(2_000), "refuse");
  assert.deepEqual(breaker.exitsBack(5_000), { from: "open", to: "half-open", reason: "no-exits", nextProbeAt: undefined });
  assert.equal(breaker.nextProbeAt, 0);

  assert.equal(breaker.admit(5_000), "probe");
  assert.equal(breaker.admit(5_000), "refuse");
  assert.deepEqual(breaker.voted("success", 5_300, true), { from: "half-open", to: "closed", reason: "no-exits", nextProbeAt: undefined });
});

test("with every exit resting a probe is due after its interval all the same", () => {
  const breaker = new Breaker();
  breaker.exitsGone(0);

  assert.equal(breaker.admit(29_999), "refuse");
  assert.equal(breaker.admit(30_000), "probe");
});

test("when the only exit that came back fails its probe, the next exit may be tried as soon as it is back", () => {
  const breaker = new Breaker();
  breaker.exitsGone(0);
  breaker.exitsBack(1_000);
  breaker.admit(1_000);

  assert.deepEqual(breaker.voted("exit-error", 2_000, true), { from: "half-open", to: "open", reason: "no-exits", nextProbeAt: 32_000 });

  breaker.exitsBack(3_000);
  assert.equal(breaker.admit(3_000), "probe");
});

test("exits that come back do not shorten the wait for a target that is unwell", () => {
  const breaker = failed(10);
  assert.equal(breaker.exitsBack(1_000), undefined);
  assert.equal(breaker.admit(1_000), "refuse");

  const gone = new Breaker();
  gone.exitsGone(0);
  gone.exitsBack(1);
  gone.admit(1);
  gone.voted("target-error", 500, true);
  gone.exitsBack(600);
  assert.equal(gone.admit(600), "refuse");
  assert.equal(gone.reason, "target-errors");
});

test("the probe's place is free again on every way out", () => {
  const ends: { how: string; end: (breaker: Breaker) => void; next: "go" | "probe" | "refuse" }[] = [
    ...VERDICT_KINDS.map((kind) => ({
      how: kind,
      end: (breaker: Breaker) => void breaker.voted(kind, 40_000, true),
      next: kind === "success" || kind === "rate-limited" || kind === "banned" ? ("go" as const) : kind === "aborted" ? ("probe" as const) : ("refuse" as const),
    })),
    { how: "abandoned", end: (breaker) => breaker.probeAbandoned(), next: "probe" },
  ];
  for (const { how, end, next } of ends) {
    const breaker = failed(10);
    assert.equal(breaker.admit(30_000), "probe", how);
    end(breaker);
    assert.equal(breaker.admit(40_000), next, how);
    if (next === "refuse") assert.equal(breaker.admit(70_000), "probe", how);
  }
});

test("what was sent before it opened decides nothing while it is open", () => {
  const breaker = failed(10);
  assert.equal(breaker.voted("success", 1_000, false), undefined);
  assert.equal(breaker.voted("success", 1_000, true), undefined, "nor does a probe that was given up long ago");
  assert.equal(breaker.state(1_000), "open");

  breaker.admit(30_000);
  breaker.voted("target-error", 30_001, false);
  assert.equal(breaker.state(30_001), "half-open");
});

test("exits that go away while a probe is out leave the decision to the probe", () => {
  const breaker = new Breaker();
  breaker.exitsGone(0);
  breaker.exitsBack(1);
  breaker.admit(1);

  assert.equal(breaker.exitsGone(2), undefined);
  breaker.voted("success", 3, true);
  assert.equal(breaker.closed, true);

  breaker.exitsGone(4);
  breaker.exitsBack(5);
  breaker.exitsGone(6);
  assert.equal(breaker.state(7), "open");
});

test("asking for its state changes nothing", () => {
  const breaker = failed(10);

  assert.equal(breaker.state(30_000), "half-open");
  assert.equal(breaker.state(29_999), "open");
  assert.equal(breaker.nextProbeAt, 30_000);
  assert.equal(breaker.retryAfterMs(10_000), 20_000);
  assert.equal(breaker.retryAfterMs(50_000), 0);
  assert.equal(breaker.admit(30_000), "probe");
  assert.equal(breaker.nextProbeAt, Infinity);
  assert.equal(breaker.retryAfterMs(30_000), 30_000);
});

test("a clock that jumps back holds no probe up for longer than its interval", () => {
  const breaker = failed(10, 1e9);

  assert.equal(breaker.admit(5_000), "probe");
});

test("with other rules it opens and probes by those", () => {
  const breaker = failed(1, 100, new Breaker({ threshold: 1, probeEveryMs: 50 }));

  assert.equal(breaker.admit(149), "refuse");
  assert.equal(breaker.admit(150), "probe");
});

test("whatever happens, at most one probe is out, nothing else goes while it is not closed, and it can always close again", () => {
  const event = fc.record({
    kind: fc.constantFrom("ask", "vote", "end", "abandon", "gone", "back", "wait"),
    verdict: fc.constantFrom(...VERDICT_KINDS),
    ms: fc.nat(40_000),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const breaker = new Breaker({ threshold: 3, probeEveryMs: 30_000 });
      let now = 0;
      let probes = 0;
      for (const { kind, verdict, ms } of events) {
        const wasClosed = breaker.closed;
        if (kind === "wait") now += ms;
        if (kind === "gone") breaker.exitsGone(now);
        if (kind === "back") breaker.exitsBack(now);
        if (kind === "vote") breaker.voted(verdict, now, false);
        if (kind === "ask") {
          const answer = breaker.admit(now);
          assert.equal(answer === "go", wasClosed);
          if (answer === "probe") probes++;
        }
        if (kind === "end" && probes > 0) {
          breaker.voted(verdict, now, true);
          probes--;
        }
        if (kind === "abandon" && probes > 0) {
          breaker.probeAbandoned();
          probes--;
        }
        assert.ok(probes <= 1);
        assert.ok(breaker.retryAfterMs(now) >= 0 && breaker.retryAfterMs(now) <= 30_000);
      }
      if (probes > 0) breaker.probeAbandoned();
      if (breaker.closed) return;
      assert.equal(breaker.admit(now + 30_000), "probe");
      breaker.voted("success", now + 30_000, true);
      assert.equal(breaker.admit(now + 30_000), "go");
    }),
  );
});
