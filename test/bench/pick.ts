// What one decision costs: pick three exits of many, mark them as used, feed back what came of each.
// Beside what programs do instead: filter and sort, a scan over typed arrays, two random choices.
// npm run bench -- pick
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

// The rooms inside the core are not for programs, so they are not among its exports: taken from where it was built.
const core = import.meta.resolve("@multihome/core");
const room = (file: string): string => new URL(file, core).href;
const { PoolHealth } = (await import(room("health/pool-health.js"))) as typeof import("../../packages/core/src/health/pool-health.ts");
const { ScoreOrder } = (await import(room("lease/score-order.js"))) as typeof import("../../packages/core/src/lease/score-order.ts");
const { WorthOrder } = (await import(room("lease/worth-order.js"))) as typeof import("../../packages/core/src/lease/worth-order.ts");
const { TimeHeap } = (await import(room("time/time-heap.js"))) as typeof import("../../packages/core/src/time/time-heap.ts");
const { seededRandom } = (await import(room("testing/random.js"))) as typeof import("../../packages/core/src/testing/random.ts");

const SIZES = [250, 2_000, 20_000];
const LEGS = 3;
const SPACING_MS = 500;
/** Ten decisions a second over 250 exits, so that neither a small pool nor a large one runs out of rested exits. */
const STEP_MS = 100;
/** Short ones and many: on a busy machine some of them find it quiet. */
const SAMPLES = 300;

interface Contestant {
  readonly name: string;
  /** Picks, marks and feeds back; the chances that the picked exits had are added to `chance`. */
  decide(now: number): void;
  chance: number;
  picks: number;
  /** Decisions a sample. */
  readonly burst: number;
}

/** One exit in four works. */
function chancesOf(size: number, random: () => number): Float64Array {
  return Float64Array.from({ length: size }, () => (random() < 0.25 ? 0.7 + random() * 0.28 : 0.02));
}

/** Exits that keep their distance. Spacings are equal, so who was used first is back first. */
class Spaced {
  readonly #exits = new Int32Array(1 << 16);
  readonly #backAt = new Float64Array(1 << 16);
  #head = 0;
  #tail = 0;

  sent(exit: number, now: number): void {
    this.#exits[this.#tail & 0xffff] = exit;
    this.#backAt[this.#tail++ & 0xffff] = now + SPACING_MS;
  }

  /** The next one that may send again, or -1. */
  back(now: number): number {
    return this.#head !== this.#tail && this.#backAt[this.#head & 0xffff] <= now ? this.#exits[this.#head++ & 0xffff] : -1;
  }
}

function healthOf(size: number): InstanceType<typeof PoolHealth> {
  const isProxy = new Array<boolean>(size).fill(true);
  return new PoolHealth({ exits: isProxy.map(() => ({})), isProxy, proxies: size, locals: 0 });
}

function ours(size: number): Contestant {
  const random = seededRandom(size);
  const chances = chancesOf(size, random);
  const pool = healthOf(size);
  const target = pool.target();
  const order = new ScoreOrder(target, pool.records.changes, random);
  for (let exit = 0; exit < size; exit++) order.add(exit, false);
  const resting = new TimeHeap();
  const spaced = new Spaced();
  const picked = new Int32Array(LEGS);
  return {
    name: "score order and cells",
    chance: 0,
    picks: 0,
    burst: 1_000,
    decide(now) {
      for (let exit = spaced.back(now); exit >= 0; exit = spaced.back(now)) order.add(exit, true);
      while (resting.nextAt <= now) order.add(resting.pop(), true);
      for (let leg = 0; leg < LEGS; leg++) {
        let exit = order.first();
        for (; exit >= 0; exit = order.first()) {
          const until = target.restsUntil(exit);
          if (until <= now) break;
          order.remove(exit);
          if (until !== Infinity) resting.push(until, exit);
        }
        picked[leg] = exit;
        if (exit < 0) continue;
        order.remove(exit);
        order.used(exit);
        spaced.sent(exit, now);
        target.started(exit);
      }
      for (const exit of picked) {
        if (exit < 0) continue;
        const chance = chances[exit];
        this.chance += chance;
        this.picks++;
        target.ended(exit, random() < chance ? "success" : "exit-error", 0, now);
        order.rescored(exit);
      }
    },
  };
}

/** The adaptive policy's order and beliefs: what it would cost to choose each of three legs by worth. */
function adaptive(size: number): Contestant {
  const random = seededRandom(size);
  const chances = chancesOf(size, random);
  const pool = healthOf(size);
  const { beliefs } = pool.target();
  pool.beliefs.moment(pool.epoch.tick(0));
  const order = new WorthOrder(beliefs, pool.beliefs.changes, Math.log(8_000), size);
  // Every exit was tested once: those that work are known.
  for (let exit = 0; exit < size; exit++) {
    beliefs.started(exit);
    if (random() < chances[exit]) beliefs.succeeded(exit, 500);
    else beliefs.failed(exit, "refused", 100, false);
    order.add(exit, false);
  }
  const spaced = new Spaced();
  const picked = new Int32Array(LEGS);
  return {
    name: "worth order and beliefs",
    chance: 0,
    picks: 0,
    burst: 1_000,
    decide(now) {
      pool.beliefs.moment(pool.epoch.tick(now));
      for (let exit = spaced.back(now); exit >= 0; exit = spaced.back(now)) order.add(exit, true);
      for (let leg = 0; leg < LEGS; leg++) {
        const exit = order.first();
        picked[leg] = exit;
        if (exit < 0) continue;
        order.remove(exit);
        spaced.sent(exit, now);
        beliefs.started(exit);
        pool.beliefs.started(exit, false);
      }
      for (const exit of picked) {
        if (exit < 0) continue;
        this.chance += chances[exit];
        this.picks++;
        pool.beliefs.heard(exit);
        if (random() < chances[exit]) beliefs.succeeded(exit, 500);
        else beliefs.failed(exit, "answered", 500, false);
        order.rescored(exit);
      }
    },
  };
}

/** Rates over the last 30 outcomes, cooldowns and spacing as the others have them; what differs is how the best are found. */
class Plain {
  readonly random: () => number;
  readonly chances: Float64Array;
  readonly score: Float64Array;
  readonly readyAt: Float64Array;
  readonly #bits: Uint32Array;
  readonly #count: Uint8Array;
  readonly #inARow: Uint8Array;
  readonly #level: Uint8Array;

  constructor(size: number) {
    this.random = seededRandom(size);
    this.chances = chancesOf(size, this.random);
    this.score = new Float64Array(size).fill(0.4);
    this.readyAt = new Float64Array(size);
    this.#bits = new Uint32Array(size);
    this.#count = new Uint8Array(size);
    this.#inARow = new Uint8Array(size);
    this.#level = new Uint8Array(size);
  }

  feedBack(exit: number, now: number): number {
    const chance = this.chances[exit];
    const good = this.random() < chance;
    this.#bits[exit] = ((this.#bits[exit] << 1) | (good ? 1 : 0)) & 0x3fff_ffff;
    if (this.#count[exit] < 30) this.#count[exit]++;
    let ones = 0;
    for (let bits = this.#bits[exit]; bits !== 0; bits &= bits - 1) ones++;
    this.score[exit] = 0.8 * (ones / this.#count[exit]) + (good ? 0.2 : 0);
    this.readyAt[exit] = now + SPACING_MS;
    if (good) {
      this.#inARow[exit] = this.#level[exit] = 0;
    } else if (++this.#inARow[exit] >= 3) {
      this.readyAt[exit] = now + [30_000, 60_000, 120_000, 300_000][this.#level[exit]];
      if (this.#level[exit] < 3) this.#level[exit]++;
    }
    return chance;
  }
}

function plain(name: string, size: number, burst: number, pick: (state: Plain, now: number, into: number[]) => void): Contestant {
  const state = new Plain(size);
  const picked: number[] = [];
  return {
    name,
    chance: 0,
    picks: 0,
    burst,
    decide(now) {
      picked.length = 0;
      pick(state, now, picked);
      for (const exit of picked) {
        this.chance += state.feedBack(exit, now);
        this.picks++;
      }
    },
  };
}

function filterAndSort(size: number): Contestant {
  const all = Array.from({ length: size }, (_, exit) => exit);
  return plain("filter and sort", size, Math.ceil(20_000 / size), (state, now, into) => {
    const { score, readyAt } = state;
    const usable = all.filter((exit) => readyAt[exit] <= now).sort((a, b) => score[b] - score[a]);
    into.push(...usable.slice(0, LEGS));
    // One in ten at random, as the others explore.
    if (state.random() < 0.1 * LEGS && usable.length > LEGS) into[LEGS - 1] = usable[LEGS + Math.floor(state.random() * (usable.length - LEGS))];
  });
}

function scan(size: number): Contestant {
  return plain("typed-array scan", size, Math.ceil(100_000 / size), (state, now, into) => {
    const { score, readyAt } = state;
    for (let leg = 0; leg < LEGS; leg++) {
      let best = -1;
      for (let exit = 0; exit < size; exit++) if (readyAt[exit] <= now && (best < 0 || score[exit] > score[best]) && !into.includes(exit)) best = exit;
      if (best >= 0) into.push(best);
    }
    const other = Math.floor(state.random() * size);
    if (state.random() < 0.1 * LEGS && readyAt[other] <= now && !into.includes(other)) into[LEGS - 1] = other;
  });
}

function twoChoices(size: number): Contestant {
  return plain("two random choices", size, 1_000, (state, now, into) => {
    const { score, readyAt, random } = state;
    for (let tries = 0; into.length < LEGS && tries < 30; tries++) {
      const a = Math.floor(random() * size);
      const b = Math.floor(random() * size);
      const one = readyAt[b] <= now && (readyAt[a] > now || score[b] > score[a]) ? b : a;
      if (readyAt[one] <= now && !into.includes(one)) into.push(one);
    }
  });
}

const field = [ours, adaptive, scan, twoChoices, filterAndSort].map((make) => SIZES.map((size) => ({ size, contestant: make(size), now: 1_000, ns: [] as number[] })));

function burst(entry: (typeof field)[number][number]): number {
  const { contestant } = entry;
  const startedAt = process.hrtime.bigint();
  for (let i = 0; i < contestant.burst; i++) contestant.decide((entry.now += STEP_MS));
  return Number(process.hrtime.bigint() - startedAt) / contestant.burst;
}

// Until most of what there is to know is known, by those who can afford it; then samples, all in turn.
for (const entry of field.flat()) for (let done = 0; done < Math.min(200_000, entry.contestant.burst * 400); done += entry.contestant.burst) burst(entry);
for (const { contestant } of field.flat()) contestant.chance = contestant.picks = 0;
for (let sample = 0; sample < SAMPLES; sample++) for (const entry of field.flat()) entry.ns.push(burst(entry));

// Whatever else runs on the machine only ever adds.
const quickest = (values: number[]): number => Math.min(...values);
const rows = field.map((entries) => ({
  name: entries[0].contestant.name,
  bySize: entries.map(({ size, contestant, ns }) => ({ size, ns: Math.round(quickest(ns)), chance: contestant.chance / contestant.picks })),
  growth: quickest(entries[2].ns) / quickest(entries[0].ns),
}));

console.log("pick three, mark, feed back: ns a decision (mean chance of success of what was picked)");
console.log(`${"".padEnd(26)}${SIZES.map((size) => String(size).padStart(18)).join("")}   20,000 / 250`);
for (const { name, bySize, growth } of rows) {
  console.log(`${name.padEnd(26)}${bySize.map(({ ns, chance }) => `${ns} (${chance.toFixed(2)})`.padStart(18)).join("")}${growth.toFixed(2).padStart(15)}`);
}

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, "pick.json"), `${JSON.stringify({ node: process.version, legs: LEGS, rows }, undefined, 2)}\n`);
}
