import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { createExitPool } from "../../src/index.ts";
import type { ExitPool } from "../../src/index.ts";
import type { SavedCellBelief, SavedExitBelief } from "../../src/health/saved-beliefs.ts";
import { ExitBeliefWriter, HostBeliefWriter, readExitBeliefs, readHostBeliefs } from "../../src/state/beliefs.ts";
import type { SavedState } from "../../src/state/format.ts";
import { KeptBeliefs } from "../../src/state/kept-beliefs.ts";
import { ManualClock, scriptedTransport, seededRandom } from "../../src/testing/index.ts";

const IDS = Array.from({ length: 40 }, (_, i) => `socks5://10.0.0.${i + 1}:1080`);
const GOOD = new Set(IDS.filter((_, i) => i % 8 === 5));
const REQUEST = { method: "GET", url: "http://api.test/", host: "api.test", path: "/" };

async function open(file: string, clock: ManualClock): Promise<ExitPool> {
  const pool = createExitPool({ exits: { proxies: IDS }, state: { file }, clock, random: seededRandom(4), defaults: { spacing: 0 }, queue: { maxAttempts: 50 } });
  await pool.ready();
  return pool;
}

async function work(pool: ExitPool, clock: ManualClock, requests: number): Promise<string[]> {
  const transport = scriptedTransport(({ exit }) => (GOOD.has(exit) ? { afterMs: 250 } : { error: "ECONNREFUSED", unsent: true, afterMs: 40 }), { clock });
  for (let i = 0; i < requests; i++) {
    const answer = pool.run(REQUEST, transport);
    await clock.advance(20_000);
    await answer;
  }
  return transport.sent.map(({ exit }) => exit);
}

test("a pool that starts again knows which exits work, how quick they are and who is shut out", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "beliefs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "state.json");
  const clock = new ManualClock({ wallTime: 1_750_000_000_000 });
  const pool = await open(file, clock);
  await work(pool, clock, 30);
  const before = pool.explain(REQUEST).exits.filter(({ id }) => GOOD.has(id)).map(({ belief }) => belief);
  await pool.close();

  const again = await open(file, clock);
  const after = again.explain(REQUEST).exits.filter(({ id }) => GOOD.has(id)).map(({ belief }) => belief);
  for (const [i, belief] of after.entries()) {
    const was = before[i];
    assert.ok(belief !== undefined && was !== undefined);
    assert.equal(belief.chosen, was.chosen, belief.words);
    assert.ok(Math.abs(belief.up - was.up) < 0.05 && Math.abs(belief.accepts - was.accepts) < 0.05, `${was.words} → ${belief.words}`);
    assert.ok(Math.abs(belief.typicalMs - was.typicalMs) < 40, `${was.words} → ${belief.words}`);
  }
  assert.ok(after.some((belief) => belief?.chosen === true));
  const first = await work(again, clock, 1);
  assert.ok(GOOD.has(first[0]), "the first attempt goes by one that works");
  await again.close();
});

test("what is believed of exits that are not listed, and of hosts that nobody asks for, outlasts saves for a day", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "beliefs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "state.json");
  for (const [awayMs, outlasts] of [[3_600_000, true], [90_000_000, false]] as const) {
    const clock = new ManualClock({ wallTime: 1_750_000_000_000 });
    const pool = await open(file, clock);
    await work(pool, clock, 30);
    const known = (one: ExitPool): string[] => one.explain(REQUEST).exits.filter(({ belief }) => belief?.words.startsWith("up with")).map(({ id }) => id);
    const triedHere = (one: ExitPool): string[] => one.explain(REQUEST).exits.filter(({ belief }) => belief?.words.includes("answers this host") === true).map(({ id }) => id);
    const before = known(pool).filter((id) => IDS.indexOf(id) >= 20);
    const triedBefore = triedHere(pool).filter((id) => IDS.indexOf(id) >= 20);
    assert.ok(before.length > 0 && triedBefore.length > 0);
    await pool.close();

    // Three processes in between, which list other exits and ask for another host.
    for (let i = 0; i < 3; i++) {
      const between = createExitPool({ exits: { proxies: IDS.slice(0, 20) }, state: { file }, clock, random: seededRandom(4), defaults: { spacing: 0 } });
      await between.ready();
      if (i === 1) between.explain(REQUEST);
      await clock.advance(awayMs / 3);
      await between.close();
    }

    const again = await open(file, clock);
    assert.deepEqual(known(again).filter((id) => IDS.indexOf(id) >= 20), outlasts ? before : []);
    assert.deepEqual(triedHere(again).filter((id) => IDS.indexOf(id) >= 20), outlasts ? triedBefore : []);
    await again.close();
    rmSync(file);
  }
});

test("of exits that are not there the newest five thousand beliefs are handed on, none older than a day", () => {
  const writer = new ExitBeliefWriter();
  const exits = 12_000;
  // Every other one is back; of the 6,000 that are away the last five hundred are older than a day, the others the older the higher.
  for (let exit = 0; exit < exits; exit++) writer.add({ up: 0.5, ageMs: exit >= 11_000 ? 90_000_000 : exit * 1_000, typicalMs: 100, times: 1, good: 1, bad: 1, missed: 0, dueInMs: 0, worked: true, isUp: false });
  const missing = new Map(Array.from({ length: exits / 2 }, (_, i) => [i * 2, { record: undefined, unseenDays: 0 }]));
  const hosts = new HostBeliefWriter();
  for (let exit = 0; exit < exits; exit++) hosts.add(exit, { acceptance: 0.5, ageMs: 0, tries: 1, accepted: true });
  const state: SavedState = { savedAt: 0, closed: true, exits: Array.from({ length: exits }, (_, i) => `exit-${i}`), records: new Uint8Array(0), targets: new Map(), beliefs: Buffer.from(writer.base64(), "base64"), times: undefined };
  const kept = new KeptBeliefs({ state, missing, placeOf: Int32Array.from({ length: exits }, (_, exit) => (exit % 2 === 0 ? -1 : exit)) }, 1_000);

  const handedOn = state.exits.map((_, exit) => exit).filter((exit) => kept.of(exit) !== undefined);
  assert.deepEqual(handedOn, Array.from({ length: 5_000 }, (_, i) => i * 2));
  assert.equal(kept.of(8)?.ageMs, 9_000, "as old as it is by now");
  const at = (alsoThere: boolean): number[] => {
    const found: number[] = [];
    kept.eachAt({ beliefs: Buffer.from(hosts.base64(), "base64"), host: [0, 0, 0] }, alsoThere, (exit) => found.push(exit));
    return found;
  };
  assert.deepEqual(at(false), handedOn);
  assert.equal(at(true).length, 5_000 + 6_000);
});

test("a file without beliefs is read as before, and what has worked is tested first", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "beliefs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "state.json");
  const clock = new ManualClock({ wallTime: 1_750_000_000_000 });
  const pool = await open(file, clock);
  await work(pool, clock, 10);
  await pool.close();
  const saved = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown> & { targets: Record<string, unknown>[] };
  assert.equal(typeof saved["beliefs"], "string");
  delete saved["beliefs"];
  delete saved["times"];
  for (const target of saved.targets) {
    delete target["beliefs"];
    delete target["host"];
  }
  writeFileSync(file, JSON.stringify(saved));

  const again = await open(file, clock);
  const sent = await work(again, clock, 5);
  assert.ok(sent.filter((exit) => GOOD.has(exit)).length >= 5);
  await again.close();
});

test("explain and status say in words what is believed of an exit", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "beliefs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const clock = new ManualClock({ wallTime: 1_750_000_000_000 });
  const pool = await open(path.join(folder, "state.json"), clock);
  const unknown = pool.explain(REQUEST).exits[0].belief?.words ?? "";
  assert.match(unknown, /^not known yet, up with \d+ % as others of its list, this host accepts \d+ % of them; not chosen: \d % of its attempts would succeed; due for a test$/);
  await work(pool, clock, 20);
  const words = (id: string): string => pool.explain(REQUEST).exits.find((exit) => exit.id === id)?.belief?.words ?? "";
  const best = pool.explain(REQUEST).exits.find(({ belief }) => belief?.chosen === true);
  assert.match(best?.belief?.words ?? "", /^up with \d+ %, answers this host with \d+ %, typically 0\.\d s, cut off after \d+\.\d s when places are scarce; chosen where none is worth more: \d+ % of its attempts should succeed$/);
  const tried = pool.explain(REQUEST).exits.find(({ id, belief }) => !GOOD.has(id) && belief?.words.startsWith("has never worked"));
  assert.match(tried?.belief?.words ?? "", /up with \d+ %, .*(tested again in .* or sooner|due for a test)$/);
  assert.equal(pool.status().targets["api.test"].exits[IDS[0]].belief?.words, words(IDS[0]));
  await pool.close();
});

test("beliefs are read as they were written, to a hundredth and a second", () => {
  const exit = fc.record<SavedExitBelief>({
    up: fc.double({ min: 0, max: 1, noNaN: true }),
    ageMs: fc.nat(1e9),
    typicalMs: fc.integer({ min: 1, max: 86_400_000 }),
    times: fc.nat(20),
    good: fc.double({ min: 0, max: 20, noNaN: true }),
    bad: fc.double({ min: 0, max: 1e5, noNaN: true }),
    missed: fc.nat(63),
    dueInMs: fc.nat(240_000),
    worked: fc.boolean(),
    isUp: fc.boolean(),
  });
  const host = fc.record<SavedCellBelief>({ acceptance: fc.double({ min: 0, max: 1, noNaN: true }), ageMs: fc.nat(1e9), tries: fc.integer({ min: 1, max: 3 }), accepted: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.option(exit, { nil: undefined }), { maxLength: 30 }), fc.array(fc.option(host, { nil: undefined }), { maxLength: 30 }), (exits, hosts) => {
      const writer = new ExitBeliefWriter();
      for (const belief of exits) writer.add(belief);
      const found: number[] = [];
      assert.ok(
        readExitBeliefs(Buffer.from(writer.base64(), "base64"), exits.length, 0, (i, read) => {
          found.push(i);
          const wrote = exits[i];
          assert.ok(wrote !== undefined && Math.abs(read.up - wrote.up) <= 0.006 && Math.abs(read.ageMs - wrote.ageMs) <= 1_000 && read.worked === wrote.worked && read.isUp === wrote.isUp && read.missed === wrote.missed && read.times === wrote.times);
        }),
      );
      assert.equal(found.length, exits.filter((belief) => belief !== undefined).length);
      const other = new HostBeliefWriter();
      hosts.forEach((belief, i) => belief !== undefined && other.add(i, belief));
      let count = 0;
      assert.ok(
        readHostBeliefs(Buffer.from(other.base64(), "base64"), hosts.length, 0, (i, read) => {
          count++;
          assert.ok(Math.abs(read.acceptance - (hosts[i]?.acceptance ?? 9)) <= 0.02 && read.tries === hosts[i]?.tries && read.accepted === hosts[i]?.accepted);
        }),
      );
      assert.equal(count, hosts.filter((belief) => belief !== undefined).length);
    }),
  );
});

test("bytes that are none of ours are refused or read as numbers, never worse", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readExitBeliefs(bytes, 20, 0, (exit, belief) => assert.ok(exit < 20 && Object.values(belief).every((value) => typeof value === "boolean" || Number.isFinite(value))));
      readHostBeliefs(bytes, 20, 0, (exit, belief) => assert.ok(exit < 20 && belief.tries <= 3 && Number.isFinite(belief.ageMs)));
    }),
  );
});
