import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExitPoolOptions } from "../../src/model/options.ts";
import { parseState } from "../../src/state/parse-state.ts";
import { proxies, Rooms } from "./support.ts";

const HOST = "api.test";
const LIMITED: ExitPoolOptions = { targets: { exchange: { hosts: [HOST], limits: [{ name: "minute", unit: "weight", limit: 1_000, per: "1m", align: "fixed" }, { name: "second", unit: "request", limit: 10, per: "10s" }, { name: "credits", unit: "credit", limit: 100, per: "100s", align: "bucket", scope: "account" }] } } };

test("outcomes, latencies, cooldowns and deaths survive a restart", async () => {
  const ids = proxies(4);
  const before = new Rooms(ids);
  const target = before.host(HOST);
  for (let i = 0; i < 5; i++) before.attempt(target, 0, "success", 400);
  before.attempt(target, 0, "rate-limited");
  for (let i = 0; i < 3; i++) before.attempt(target, 1, "exit-error");
  for (let i = 0; i < 30; i++) before.attempt(before.host(`h${i % 10}.test`), 2, "exit-error");
  await before.clock.advance(5_000);

  const after = await before.restart(ids, {}, { afterMs: 10_000 });
  const again = after.host(HOST);
  const now = after.clock.now();
  const cell = again.health.of(0, now);
  assert.deepEqual({ ...cell, sinceSuccessMs: 15_000 }, { success: 5, fail: 0, warnings: 1, consecutiveFails: 0, avgLatencyMs: 400, inflight: 0, outcomes: 31, samples: 5, level: 0, sinceSuccessMs: 15_000, coolsForMs: 0 });
  assert.ok(Math.abs((cell.sinceSuccessMs ?? 0) - 15_000) <= 1_000);
  assert.equal(again.health.stateOf(1, now), "cooldown");
  assert.equal(again.health.restsUntil(1) - now, 15_000);
  assert.equal(again.health.stateOf(3, now), "unknown");
  // A restart reads the lists anew: what had died once is tried again, once.
  assert.equal(before.health.records.isDead(2), true);
  assert.equal(after.health.records.onTrial(2), true);
  assert.equal(after.health.records.dead, 0);
});

test("an exit that has died often stays dead over a restart", async () => {
  const before = new Rooms(proxies(1));
  const target = before.host(HOST);
  const die = (): void => {
    for (let i = 0; i < 30 && !before.health.records.isDead(0); i++) before.attempt(target, 0, "exit-error");
  };
  die();
  before.health.refreshed(0);
  die();
  const after = await before.restart(proxies(1));
  assert.equal(after.health.records.isDead(0), true);
  assert.equal(after.health.records.dead, 1);
  assert.equal(after.health.refreshed(0), true);
});

test("restored exits are offered in the order of what is known of them", async () => {
  const ids = proxies(3);
  const before = new Rooms(ids, { targets: { exchange: { hosts: [HOST] } }, exits: { strategy: "score" } });
  const target = before.host(HOST);
  for (let i = 0; i < 10; i++) before.attempt(target, 2, "success");
  for (let i = 0; i < 2; i++) before.attempt(target, 0, "exit-error");
  const after = await before.restart(ids, { targets: { exchange: { hosts: [HOST] } }, exits: { strategy: "score" } });
  assert.equal(after.host(HOST).desk.choose(undefined, after.clock.now(), [], true), 2);
});

test("bans and pauses last until they were to end, and no longer than they may", async () => {
  const ids = proxies(3);
  const before = new Rooms(ids);
  const { pauses } = before.host(HOST);
  pauses.pauseExit(before.table.egress[0], "banned", 3 * 86_400_000, 0);
  pauses.pauseExit(before.table.egress[1], "rate-limited", 60_000, 0);
  pauses.pauseAccount("0123456789abcdef", "rate-limited", 90_000, 0);
  pauses.pauseAccount("my-secret-key", "rate-limited", 90_000, 0);
  pauses.pauseAll("banned", 120_000, 0);
  assert.ok(!(await before.state.take(true)).includes("my-secret-key"));

  const after = await before.restart(ids, {}, { afterMs: 70_000 });
  const again = after.host(HOST).pauses;
  const now = after.clock.now();
  assert.equal(again.untilOf(after.table.egress[0]) - now, 3 * 86_400_000 - 70_000);
  assert.equal(again.reasonOf(after.table.egress[0]), "banned");
  assert.equal(again.untilOf(after.table.egress[1]), 0);
  assert.equal(again.untilForAll("0123456789abcdef") - now, 50_000);
  assert.equal(again.wholeUntil - now, 50_000);
  assert.deepEqual([...again.accounts(now)].map(({ account, until }) => [account, until - now]), [["0123456789abcdef", 20_000]]);

  // The wall clock went back by a year: nothing has aged, and nothing lasts longer.
  const back = await before.restart(ids, {}, { wallMs: -365 * 86_400_000 });
  assert.equal(back.host(HOST).pauses.untilOf(back.table.egress[0]) - back.clock.now(), 3 * 86_400_000);
});

test("exits that a source brings back later, and hosts that are asked for later, get what was known of them, also over two restarts", async () => {
  const ids = proxies(4);
  const before = new Rooms(ids);
  for (const host of ["a.test", "b.test"]) {
    for (let exit = 0; exit < 4; exit++) before.attempt(before.host(host), exit, "success", 200 + exit);
    before.host(host).pauses.pauseExit(before.table.egress[3], "banned", 600_000, 0);
  }
  const between = await before.restart(ids.slice(0, 2), {}, { afterMs: 1_000 });
  between.host("a.test");
  const after = await between.restart(ids.slice(0, 1), {}, { afterMs: 1_000 });
  for (const host of ["a.test", "b.test"]) assert.equal(after.host(host).health.of(0, after.clock.now()).avgLatencyMs, 200, host);
  assert.equal(after.host("a.test").health.known().length, 1);

  const added = after.admit(ids.slice(1));
  for (const target of after.targets) for (const exit of added) target.desk.admit(exit);
  after.state.admitted(added);
  const now = after.clock.now();
  for (const host of ["a.test", "b.test"]) {
    assert.deepEqual(added.map((exit) => after.host(host).health.of(exit, now).avgLatencyMs), [201, 202, 203], host);
    assert.equal(after.host(host).pauses.untilOf(after.table.egress[added[2]]) - now, 598_000, host);
  }
  assert.equal(after.health.records.read(added[1]).success, 2);
});

test("what does not come back within a week is forgotten", async () => {
  const before = new Rooms(proxies(2));
  before.attempt(before.host(HOST), 0, "success");
  before.attempt(before.host(HOST), 1, "success");
  let rooms: Rooms = before;
  for (let day = 0; day < 9; day++) rooms = await rooms.restart(proxies(1), {}, { afterMs: 86_400_000 });
  const text = await rooms.state.take(true);
  assert.ok(text.includes("192.0.2.1:"));
  assert.ok(!text.includes("192.0.2.2:"));
});

test("what was used of a window counts again until the server's window has certainly ended", async () => {
  const ids = proxies(1);
  const before = new Rooms(ids, LIMITED, { wallTime: Date.UTC(2026, 0, 1, 12, 0, 10) });
  const target = before.host(HOST);
  const date = new Date(before.clock.wallTime()).toUTCString();
  target.serverClock.learn(date, 0, 5);
  const { quota } = target;
  assert.ok(quota !== undefined);
  const demand = quota.demand({ weight: 700, orders: 0, charges: [{ limit: "credits", units: 80 }] }, "0123456789abcdef", false);
  const reserved = quota.take(demand, before.table.egress[0], 5);
  const info = { status: 200, header: () => undefined } as never;
  quota.answered(reserved, before.table.egress[0], info, { method: "GET", url: "http://x/" }, { now: 30, sentAt: 5, writtenAt: undefined, answered: true });

  const used = (rooms: Rooms, name: string): number => {
    const { quota: now } = rooms.host(HOST);
    const limit = now?.limits[now.indexOf(name) ?? -1];
    assert.ok(limit !== undefined);
    return limit.meter.used(limit.rowOf(rooms.table.egress[0], "0123456789abcdef", undefined, rooms.clock.now()), rooms.clock.now());
  };
  const soon = await before.restart(ids, LIMITED, { afterMs: 5_000 });
  assert.equal(soon.host(HOST).serverClock.known, true);
  assert.deepEqual(["minute", "second"].map((name) => used(soon, name)), [700, 1]);
  assert.ok(Math.abs(used(soon, "credits") - 75) < 0.1);
  // Nobody has to ask what was used: it is known.
  const small = soon.host(HOST).quota!;
  const light = small.demand({ weight: 1, orders: 0, charges: undefined }, undefined, false);
  small.take(light, soon.table.egress[0], soon.clock.now());
  assert.equal(small.shortOf(light, soon.table.egress[0], soon.clock.now()), -1);

  // 12:01:00 by the server's clock, give or take what its clock may be off: not certainly over.
  assert.equal(used(await before.restart(ids, LIMITED, { afterMs: 50_100 }), "minute"), 700);
  assert.equal(used(await before.restart(ids, LIMITED, { afterMs: 53_000 }), "minute"), 0);
  assert.equal(used(await before.restart(ids, LIMITED, { afterMs: 11_000 }), "second"), 0);
  assert.equal(used(await before.restart(ids, LIMITED, { afterMs: 200_000 }), "credits"), 0);
  // Clock set back by half an hour: the window is another one by its number, and counts all the same.
  assert.equal(used(await before.restart(ids, LIMITED, { wallMs: -1_800_000 }), "minute"), 700);
});

test("after a kill the first request of an exit asks the server what is left", async () => {
  const ids = proxies(1);
  const before = new Rooms(ids, LIMITED);
  const take = (rooms: Rooms): number => {
    const quota = rooms.host(HOST).quota!;
    const demand = quota.demand({ weight: 1, orders: 0, charges: undefined }, undefined, false);
    quota.take(demand, rooms.table.egress[0], rooms.clock.now());
    return quota.shortOf(demand, rooms.table.egress[0], rooms.clock.now());
  };
  take(before);
  const after = await before.restart(ids, LIMITED, { afterMs: 1_000, closing: false });
  assert.notEqual(take(after), -1);
});

test("a server's clock that is remembered wrongly is put right by the first answer", async () => {
  const before = new Rooms(proxies(1), LIMITED);
  before.host(HOST).serverClock.learn(new Date(before.clock.wallTime()).toUTCString(), 0, 5);
  const after = await before.restart(proxies(1), LIMITED, { wallMs: 3_600_000 });
  const { serverClock } = after.host(HOST);
  const now = after.clock.now();
  const truth = after.clock.wallTime() - 3_600_000;
  assert.ok(Math.abs(serverClock.earliest(now) - truth) > 3_000_000);
  serverClock.learn(new Date(truth).toUTCString(), now, now + 5);
  assert.ok(serverClock.earliest(now) <= truth + 1_000 && truth - 1_000 <= serverClock.latest(now));
});

test("a file of version 1 is read", async () => {
  const text = JSON.stringify({
    version: 1,
    saved_at: "2025-12-31T23:59:00Z",
    proxies: {
      "socks5://1.2.3.4:1080": { state: "active", hosts: { "yunhq.sse.com.cn": { success: 60, fail: 2, avg_latency_ms: 1500, consecutive_fails: 0 }, "www.szse.cn": { success: 22, fail: 8, avg_latency_ms: 2400, consecutive_fails: 2 } } },
      "socks5://5.6.7.8:9050": { state: "dead", hosts: {} },
      "socks5://user:pass@9.9.9.9:1": { state: "active", hosts: { "www.szse.cn": { success: 1, fail: 0, avg_latency_ms: 10, consecutive_fails: 0 } } },
    },
  });
  const rooms = new Rooms(["socks5://1.2.3.4:1080", "socks5://5.6.7.8:9050"]);
  assert.deepEqual(await rooms.state.apply(text), { kind: "restored", exits: 2, left: 0 });
  const { clock } = rooms;
  assert.deepEqual(rooms.host("yunhq.sse.com.cn").health.of(0, clock.now()), { success: 60, fail: 2, warnings: 0, consecutiveFails: 0, avgLatencyMs: 1_500, inflight: 0, outcomes: 2 ** 29 - 1, samples: 30, level: 0, sinceSuccessMs: 60_000, coolsForMs: 0 });
  const other = rooms.host("www.szse.cn").health.of(0, clock.now());
  assert.deepEqual([other.samples, other.outcomes, other.consecutiveFails], [30, (2 ** 22 - 1) * 4, 2]);
  assert.equal(rooms.health.records.read(0).success, 82);
  assert.equal(rooms.health.records.onTrial(1), true);
  // Written again without what a proxy's user name and password were.
  const again = await rooms.state.take(true);
  assert.ok(!again.includes("pass"));
  assert.ok(again.includes("socks5://9.9.9.9:1#"));
  assert.equal(parseState(again).kind, "state");
});
