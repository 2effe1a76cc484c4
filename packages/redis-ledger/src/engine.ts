import type { Clock, Counter, Reservation } from "@multihome/core";
import { Away } from "./away.ts";
import { Corrections } from "./corrections.ts";
import type { CounterState, Paused } from "./counter-state.ts";
import { isConfigFault, type FaultKind, type StoreError } from "./errors.ts";
import { Events } from "./events.ts";
import { decideAlone } from "./fallback.ts";
import type { Keys } from "./keys.ts";
import { Lost } from "./lost.ts";
import { Memory } from "./memory.ts";
import { Mode, type OnUnavailable } from "./mode.ts";
import { PAUSE } from "./other-scripts.ts";
import type { Answer, Store } from "./store.ts";
import { StoreClock } from "./store-clock.ts";
import { Trips } from "./trips.ts";
import { Targets, type TargetState } from "./targets.ts";

/** A fault of one kind is told once in so long. */
const TELL_MS = 60_000;
/** A target whose keys are used by something else is not asked again for so long. */
const BROKEN_MS = 5_000;
/** The shortest that the store's own clock may be off before a call is taken to be from another time. */
const SLACK_MS = 20;
const EARLY_MS = 500;

export interface EngineParts {
  readonly name: string;
  readonly clock: Clock;
  readonly keys: Keys;
  readonly onUnavailable: OnUnavailable;
  readonly expected: number;
  readonly deadlineMs: number;
  readonly warn: (message: string, fields: object) => void;
}

/** What lanes, slices and the pulse share: what is known of the store, and what to do without it. */
export class Engine {
  readonly name: string;
  readonly clock: Clock;
  readonly keys: Keys;
  readonly storeClock = new StoreClock();
  readonly trips = new Trips();
  readonly targets: Targets;
  readonly corrections: Corrections;
  readonly events: Events;
  readonly memory: Memory;
  readonly mode: Mode;
  readonly onUnavailable: OnUnavailable;
  readonly counts = { slices: 0, store: 0, alone: 0, refused: 0, missed: 0 };
  /** Counters of which a slice is held. */
  readonly holding = new Set<CounterState>();
  /** Pauses that the store has yet to be told of. */
  readonly owedPauses = new Set<Paused>();
  store!: Store;
  readonly lost: Lost;
  since = 0;
  /** Since when the store is away, by our clock. Whoever has never seen it is known to nobody. */
  #awaySince = -Infinity;
  fault: { kind: FaultKind; message: string; target?: string } | undefined;
  onMode: (() => void) | undefined;
  onFailure: ((error: StoreError) => void) | undefined;
  readonly #warn: EngineParts["warn"];
  readonly #told = new Map<string, number>();
  readonly #away: Away;

  constructor(parts: EngineParts) {
    this.name = parts.name;
    this.clock = parts.clock;
    this.keys = parts.keys;
    this.onUnavailable = parts.onUnavailable;
    this.lost = new Lost(parts.expected, parts.onUnavailable === "local-share");
    this.#warn = parts.warn;
    this.#away = new Away(parts.warn);
    this.since = parts.clock.wallTime();
    this.targets = new Targets(parts.keys);
    this.memory = new Memory(this);
    this.events = new Events((error) => parts.warn("A listener of the ledger threw.", { error }));
    this.mode = new Mode(parts.onUnavailable, parts.deadlineMs, (to, fault) => this.#changed(to, fault));
    this.corrections = new Corrections({
      clock: parts.clock,
      // Made after this: the store's link tells the engine of its state.
      store: () => this.store,
      keys: parts.keys,
      epochOf: (target) => this.targets.target(target).epoch,
      notAfter: () => this.notAfter(),
      flowOf: (state) => state.limit - this.lost.asideOf(state.limit, this.clock.now()),
      isShared: () => this.mode.current === "shared",
    });
  }

  /** Processes lately seen, this one among them; 0 while nobody knows. */
  get processes(): number {
    return this.lost.processes;
  }

  #before: Mode["current"] = "connecting";

  #changed(to: Mode["current"], fault: StoreError | undefined): void {
    const from = this.#before;
    this.#before = to;
    if (from === "shared") this.#awaySince = this.clock.now();
    this.since = this.clock.wallTime();
    this.fault = fault === undefined ? undefined : { kind: fault.kind, message: fault.message };
    this.events.emit("changed", { ledger: this.name, from, to, fault: this.fault, processes: this.processes });
    this.#away.changed(to, fault, this.processes, this.clock.now());
    this.onMode?.();
  }

  /** @param target whose keys the call was about: where they are used by something else, the others are not concerned */
  failed(error: StoreError, target?: TargetState): void {
    if (error.kind === "prefix" && target !== undefined) {
      this.broken(target, `Keys of the store that begin with "${target.epochKey.slice(0, -":epoch".length)}" are used by something else; choose another prefix for the ledger. (${error.message})`);
      return;
    }
    if (error.kind === "timeout") this.counts.missed++;
    this.tell(error.kind, error.message);
    if (this.mode.failed(error, this.clock.now())) this.store.renew(error);
    this.onFailure?.(error);
  }

  /** The store has answered. Anything that its clock says is learnt. @returns false where the call came at another time of its clock */
  heard(answer: Answer): boolean {
    const { words } = answer;
    const late = words[0] === "late";
    const jump = this.storeClock.learn(answer.sentAt, answer.at, Number(words[1]), late);
    if (jump !== undefined) {
      this.tell("clock-jump", `The store's clock has jumped ${jump}.`);
      // Forward: keys of windows that are still running may have expired. Backward they live longer, which harms nobody.
      if (jump === "forward") this.memory.jumped();
    }
    this.mode.succeeded();
    return !late;
  }

  notAfter(): string {
    if (!this.storeClock.known) return "0";
    const now = this.clock.now();
    return String(Math.ceil(this.storeClock.at(now) + this.storeClock.errorMs(now) + this.store.deadlineMs + SLACK_MS));
  }

  notBefore(): string {
    if (!this.storeClock.known) return "0";
    const now = this.clock.now();
    return String(Math.floor(this.storeClock.at(now) - this.storeClock.errorMs(now) - EARLY_MS));
  }

  /** Without the store. */
  decide(states: readonly CounterState[], counters: readonly Counter[], now: number): Reservation {
    const answer = decideAlone(this.onUnavailable, states, counters, { processes: this.lost.aloneOf, since: this.#awaySince }, now, (state, place, units) => this.corrections.add(state, place, units));
    if (answer.ok) this.counts.alone++;
    else this.counts.refused++;
    return answer;
  }

  /** Units that were counted and are not used. */
  giveBack(state: CounterState, place: number, units: number, now: number): void {
    if (units <= 0) return;
    state.local.add(-units, now, place, place);
    this.corrections.add(state, place, -units);
  }

  broken(target: TargetState, what: string): void {
    target.brokenUntil = this.clock.now() + BROKEN_MS;
    this.tell("prefix", what, target.name);
  }

  /** Sends a pause to everybody. */
  tellPause(paused: Paused, name: string, now: number): void {
    const pause = paused.until.get(name);
    if (pause === undefined || pause.until <= now) return;
    this.store.run(PAUSE, [paused.key], [name, String(Math.ceil(pause.until - now)), pause.reason], (answer) => this.heard(answer), (error) => this.failed(error, this.targets.target(paused.target)));
  }

  tellPausesOf(target: string): void {
    const now = this.clock.now();
    for (const paused of this.targets.pausedAll()) {
      if (paused.target === target) for (const name of paused.until.keys()) this.tellPause(paused, name, now);
    }
  }

  tellOwedPauses(): void {
    const now = this.clock.now();
    for (const paused of this.owedPauses) for (const name of paused.until.keys()) this.tellPause(paused, name, now);
    this.owedPauses.clear();
  }

  tell(kind: FaultKind, message: string, target?: string): void {
    const name = `${kind} ${target ?? ""}`;
    const now = this.clock.now();
    const last = this.#told.get(name);
    if (last !== undefined && now - last < TELL_MS) return;
    if (this.#told.size > 1_000) this.#told.clear();
    this.#told.set(name, now);
    this.events.emit("fault", { ledger: this.name, kind, message, ...(target === undefined ? {} : { target }) });
    if (isConfigFault(kind) || kind === "contradiction") this.#warn(message, { kind, target });
  }
}
