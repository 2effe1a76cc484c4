import { FAMILIES as F, OTHER } from "../../observe/metrics/families.ts";
import type { Sink } from "../../observe/metrics/readings.ts";
import type { Engine } from "../engine.ts";
import { PairCounts, RESULTS } from "./pair-counts.ts";
import { ShownExits } from "./shown-exits.ts";
import { REST_REASONS, Tally } from "./tally.ts";
import type { Target } from "../target.ts";

const PAUSED = 1;
const BANNED = 2;
const DEAD = 4;

/** What metrics show of exits: how many are in which state, and series of their own for some of them. */
export class ExitReadings {
  readonly shown: ShownExits;
  readonly #engine: Engine;
  readonly #pairs = new WeakMap<Target, PairCounts>();
  /** Rests by reason of exits that are not shown: their sum when it was last asked for, and of each shown exit what it had before. */
  readonly #restsBefore = new Map<number, number[]>();
  readonly #restsGone = REST_REASONS.map(() => 0);
  /** Has it been read before: what an exit counted before it was shown is the rest's then. */
  #begun = false;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.shown = new ShownExits(engine);
    engine.table.onRemove.add((exit) => {
      this.#leave(exit);
      this.shown.drop(exit);
    });
  }

  /** @param all every target, @param targets those with series of their own */
  read(sink: Sink, all: Iterable<Target>, targets: readonly Target[], now: number): void {
    this.#census(sink, all, now);
    const anew = this.#begun || this.#engine.table.size > 100;
    this.shown.update(
      now,
      targets.length,
      (_place, exit) => this.#leave(exit),
      (place, exit) => {
        const { exitTally } = this.#engine;
        this.#restsBefore.set(exit, REST_REASONS.map((reason) => (anew ? exitTally.rests(exit, reason) : 0)));
        for (const target of targets) this.#pairsOf(target, anew).enter(target, place, exit, anew);
      },
    );
    if (!this.#begun) for (const target of targets) this.#pairsOf(target, anew).begin(target);
    this.#begun = true;
    this.#writeExits(sink, all);
    for (const target of targets) this.#writePairs(sink, target, now);
    const others = new Tally();
    others.add(this.#engine.othersTally);
    let hidden = false;
    for (const target of all) {
      if (target.shown) continue;
      hidden = true;
      others.add(target.tally);
    }
    if (hidden) writeResults(sink, OTHER, [others.attempts("success"), others.attempts("blocked") + others.attempts("exit-error"), others.attempts("rate-limited") + others.attempts("banned")]);
  }

  #census(sink: Sink, targets: Iterable<Target>, now: number): void {
    const { table, health } = this.#engine;
    const marks = new Uint8Array(table.length);
    for (const target of targets) {
      let resting = target.health.markResting(now, marks, PAUSED);
      let banned = 0;
      for (const { egress, reason } of target.pauses.entries(now)) {
        for (const exit of table.membersOf(egress)) {
          marks[exit] |= reason === "banned" ? BANNED : PAUSED;
          if (reason === "banned") banned++;
          else resting++;
        }
      }
      if (!target.shown) continue;
      sink.value(F.targetExits, [target.name, "cooldown"], resting);
      sink.value(F.targetExits, [target.name, "banned"], banned);
    }
    if (health.records.dead > 0) for (let exit = 0; exit < marks.length; exit++) if (health.records.isDead(exit)) marks[exit] |= DEAD;
    const counts = [0, 0, 0, 0];
    for (let exit = 0; exit < marks.length; exit++) {
      if (table.exits[exit] === undefined) continue;
      const mark = marks[exit];
      counts[mark === 0 ? 0 : mark >= DEAD ? 3 : mark >= BANNED ? 2 : 1]++;
    }
    for (const [i, state] of ["healthy", "cooldown", "banned", "dead"].entries()) sink.value(F.exits, [state], counts[i]);
  }

  #writeExits(sink: Sink, targets: Iterable<Target>): void {
    const { exitTally, health, table } = this.#engine;
    const shown = REST_REASONS.map(() => 0);
    let inflight = 0;
    for (const exit of this.shown.places) {
      const known = exit < 0 ? undefined : table.exits[exit];
      if (known === undefined) continue;
      const { id, kind } = known;
      const out = table.inFlight[exit] + table.shared[exit];
      inflight += out;
      sink.value(F.exitInfo, [id, kind], 1);
      sink.value(F.exitInflight, [id], out);
      sink.value(F.exitSuccess, [id], health.records.rate(exit));
      const before = this.#restsBefore.get(exit);
      REST_REASONS.forEach((reason, i) => {
        const rests = exitTally.rests(exit, reason) - (before?.[i] ?? 0);
        shown[i] += rests;
        sink.value(F.exitCooldowns, [id, reason], rests);
      });
    }
    if (!this.shown.partial) return;
    let all = 0;
    for (const target of targets) all += target.inFlight;
    sink.value(F.exitInflight, [OTHER], Math.max(0, all - inflight));
    REST_REASONS.forEach((reason, i) => sink.value(F.exitCooldowns, [OTHER, reason], Math.max(0, exitTally.restsOfAll(reason) - shown[i] - this.#restsGone[i])));
  }

  #writePairs(sink: Sink, target: Target, now: number): void {
    const { table } = this.#engine;
    const { desk, health, pauses, name } = target;
    const pairs = this.#pairsOf(target, false);
    const { places } = this.shown;
    pairs.update(target, places);
    for (let place = 0; place < places.length; place++) {
      const exit = places[place];
      const id = exit < 0 ? undefined : table.exits[exit]?.id;
      if (id === undefined) continue;
      for (let i = 0; i < RESULTS.length; i++) {
        const count = pairs.shown(place, i);
        if (count > 0) sink.value(F.exitAttempts, [id, name, RESULTS[i]], count);
      }
      const fails = health.failsInARow(exit);
      if (fails > 0) sink.value(F.exitFailsInARow, [id, name], fails);
      const carries = desk.carry.mostOf(exit, now);
      if (carries !== Infinity) sink.value(F.exitCarries, [id, name], carries);
      const latencyMs = health.avgLatencyMs(exit);
      if (latencyMs > 0) sink.value(F.exitLatency, [id, name], latencyMs / 1_000);
      const rests = health.restsUntil(exit);
      const paused = pauses.untilOf(table.egress[exit]);
      if (rests > now && rests !== Infinity) sink.value(F.exitRest, [id, name, "failures"], (rests - now) / 1_000);
      if (paused > now) sink.value(F.exitRest, [id, name, pauses.reasonOf(table.egress[exit]) ?? "banned"], (paused - now) / 1_000);
    }
    if (this.shown.partial) writeResults(sink, name, RESULTS.map((_, i) => pairs.other(i)));
  }

  /** Its counts since it was shown go with its series: the rest's counters must not jump by them. */
  #leave(exit: number): void {
    const before = this.#restsBefore.get(exit);
    if (before === undefined) return;
    this.#restsBefore.delete(exit);
    REST_REASONS.forEach((reason, i) => {
      this.#restsGone[i] += this.#engine.exitTally.rests(exit, reason) - before[i];
    });
  }

  /** Of a target that came after the exits: they have counted nothing there that is not theirs. */
  #pairsOf(target: Target, anew: boolean): PairCounts {
    let pairs = this.#pairs.get(target);
    if (pairs === undefined) {
      this.#pairs.set(target, (pairs = new PairCounts()));
      const { places } = this.shown;
      for (let place = 0; place < places.length; place++) if (places[place] >= 0) pairs.enter(target, place, places[place], anew);
      pairs.begin(target);
    }
    return pairs;
  }
}

function writeResults(sink: Sink, target: string, counts: readonly number[]): void {
  RESULTS.forEach((result, i) => {
    if (counts[i] > 0) sink.value(F.exitAttempts, [OTHER, target, result], counts[i]);
  });
}
