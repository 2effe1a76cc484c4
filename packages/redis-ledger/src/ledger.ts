import { hostname } from "node:os";
import process from "node:process";
import { systemClock, type Clock, type Counter, type Ledger, type Logger, type Reservation } from "@multihome/core";
import type { CounterState } from "./counter-state.ts";
import { Engine } from "./engine.ts";
import { configError, isConfigFault, type Fault } from "./errors.ts";
import type { LedgerEvents } from "./events.ts";
import { givenLink } from "./given-link.ts";
import { Grant, granted, knownRefusal, pauseOver, placeAll, refused, takeFromSlices } from "./grants.ts";
import { lengthen } from "./hear.ts";
import { Keys, parseName } from "./keys.ts";
import { Lane } from "./lane.ts";
import type { LedgerMode } from "./mode.ts";
import { settleGrant } from "./settle.ts";
import { settingsOf, type RedisLedgerOptions } from "./options.ts";
import { OwnLink } from "./own-link.ts";
import { Pulse } from "./pulse.ts";
import { Store, type Link } from "./store.ts";

export interface LedgerStatus {
  readonly mode: LedgerMode;
  /** Since when, in epoch milliseconds. */
  readonly since: number;
  /** Why the store is not asked; what was last the matter with it. */
  readonly fault: Fault | undefined;
  /** Processes lately seen, this one among them; 0 while nobody knows. */
  readonly processes: number;
  /** Of them, those whom the store has not heard of for 1.25 s up to a minute: their fair parts are set aside, for they may be spending them alone. */
  readonly silent: number;
  /** Calls to the store. */
  readonly roundTrips: number;
  /** Calls that were not answered in time. */
  readonly missed: number;
  /** Reservations granted from slices, by the store, and without it; and refused. */
  readonly granted: { readonly slices: number; readonly store: number; readonly alone: number };
  readonly refused: number;
  /** What the store has yet to be told. */
  readonly owed: number;
  readonly counters: number;
}

/** A ledger in Redis or Valkey. */
export interface RedisLedger extends Ledger {
  /** Resolves when the store has answered. Rejects with `MH_ERR_CONFIG` where it never will: wrong password, too old, prefix in use. */
  ready(): Promise<void>;
  status(): LedgerStatus;
  /** @returns takes the subscription back */
  on<K extends keyof LedgerEvents>(name: K, listener: (message: LedgerEvents[K]) => void): () => void;
}

/** More lanes than that, and idle ones are given up. */
const MOST_LANES = 5_000;
const HOLD_MS = 1_000;
let ledgers = 0;

/**
 * Counts the limits of every exit in Redis 5 or newer, or Valkey, for any number of processes on any number of machines.
 * To be handed to every pool that shares them, as `ledger`; the pool closes it.
 *
 * @throws MultihomeError `MH_ERR_CONFIG`
 */
export function redisLedger(options: RedisLedgerOptions): RedisLedger {
  return new SharedLedger(options);
}

class SharedLedger implements RedisLedger {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane>();
  readonly #pulse: Pulse;
  readonly #ready: Promise<void>;
  #isReady!: () => void;
  #neverReady!: (error: unknown) => void;
  #closing: Promise<void> | undefined;

  constructor(options: RedisLedgerOptions) {
    const settings = settingsOf(options);
    const clock = (this.#clock = options.clock ?? systemClock);
    // Unique among all that share the store: machine, process, moment, ledger.
    const name = `${hostname().replaceAll(/[^\w.-]/g, "")}-${process.pid}-${Math.floor(clock.wallTime()).toString(36)}-${(++ledgers).toString(36)}`;
    const engine = (this.#engine = new Engine({
      name,
      clock,
      keys: new Keys(settings.prefix),
      onUnavailable: settings.onUnavailable,
      expected: settings.processes,
      deadlineMs: settings.deadlineMs,
      warn: warner(options.logger),
    }));
    this.#ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#neverReady = reject;
    });
    // Whoever asks hears of it; nobody has to.
    this.#ready.catch(() => undefined);
    const link = settings.client === undefined ? this.#ownLink(settings.url!, settings.secrets) : givenLink(settings.client);
    if (link === undefined) throw configError("redisLedger has a wrong option: client: expected a client of node-redis or ioredis.");
    engine.store = new Store(link, { clock, deadlineMs: settings.deadlineMs, name, secrets: settings.secrets });
    engine.onMode = () => {
      if (engine.mode.current === "shared") this.#isReady();
      for (const lane of this.#lanes.values()) lane.pump();
      this.#pulse.start();
    };
    this.#pulse = new Pulse(engine);
    engine.onFailure = (error) => {
      this.#pulse.hurry();
      if (isConfigFault(error.kind)) this.#neverReady(configError(error.message, error));
    };
    this.#pulse.start();
  }

  tryReserve(counters: Counter[], _now: number): Reservation | "unknown" {
    const engine = this.#engine;
    const now = this.#clock.now();
    if (this.#closing !== undefined) return refused(counters[0]?.key ?? "", 1_000);
    const states = this.#statesOf(counters, now);
    if (states.length === 0) return granted(new Grant(now, [], [], [], [], false));
    placeAll(engine, states, counters, now);
    const { target: name } = states[0];
    // Before the slices: what is paused must not go on with what was taken in advance.
    const paused = pauseOver(states, engine.targets.paused(name, "target"), now);
    if (paused !== undefined) return this.#refuse(paused);
    const token = takeFromSlices(states, counters, now);
    if (token !== undefined) {
      engine.counts.slices++;
      return granted(token);
    }
    const known = knownRefusal(states, counters, now);
    if (known !== undefined) return this.#refuse(known);
    if (engine.mode.isAway || engine.targets.target(name).brokenUntil > now) return engine.decide(states, counters, now);
    return "unknown";
  }

  async reserve(counters: Counter[], signal?: AbortSignal): Promise<Reservation> {
    signal?.throwIfAborted();
    const answer = this.tryReserve(counters, 0);
    if (answer !== "unknown") return answer;
    return await this.#laneOf(counters).reserve(counters, signal);
  }

  settle(token: unknown, units: number[], answered = false): void {
    if (token instanceof Grant) settleGrant(this.#engine, token, units, answered, this.#clock.now());
  }

  observe(counter: Counter, used: number): void {
    if (this.#closing !== undefined || !(used > 0)) return;
    const engine = this.#engine;
    const now = this.#clock.now();
    const state = engine.targets.of(counter);
    placeAll(engine, [state], [counter], now);
    // Around a turn nobody can say which window a figure is of, unless the caller knows.
    const fixed = state.align === "fixed";
    if (fixed && (counter.serverToMs === undefined ? state.last : Math.floor(counter.serverToMs / state.perMs)) !== state.first) return;
    const place = fixed ? state.first : 0;
    state.hear(used, place, now);
    // Most figures say less than the store knows already.
    const isFresh = fixed ? state.knownIn === place : now - state.knownAt < state.perMs / 40;
    if (isFresh && used <= state.known) return;
    state.learn(used, place, now);
    engine.corrections.add(state, place, 0, Math.min(Math.ceil(used), Number.MAX_SAFE_INTEGER));
  }

  pause(key: string, untilWallMs: number, reason: "rate-limited" | "banned"): void {
    if (this.#closing !== undefined) return;
    const engine = this.#engine;
    const now = this.#clock.now();
    const { who, target, rest } = parseName(key);
    const paused = engine.targets.paused(target, who);
    const until = now + untilWallMs - this.#clock.wallTime();
    if (!(until > now) || !lengthen(paused, rest, until, reason)) return;
    if (engine.mode.isAway || !engine.store.ready) engine.owedPauses.add(paused);
    else engine.tellPause(paused, rest, now);
  }

  async ready(): Promise<void> {
    // Nothing of the ledger keeps a process alive, but whoever waits for it.
    let timer: unknown;
    const hold = (): void => {
      timer = this.#clock.setTimeout(hold, HOLD_MS);
    };
    hold();
    try {
      await this.#ready;
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }

  status(): LedgerStatus {
    const { mode, since, fault, processes, lost, store, counts, corrections, targets } = this.#engine;
    const { slices, store: byStore, alone, refused: no, missed } = counts;
    return {
      mode: mode.current,
      since,
      fault,
      processes,
      silent: lost.silentAt(this.#clock.now()),
      roundTrips: store.trips,
      missed,
      granted: { slices, store: byStore, alone },
      refused: no,
      owed: corrections.size,
      counters: targets.size,
    };
  }

  on<K extends keyof LedgerEvents>(name: K, listener: (message: LedgerEvents[K]) => void): () => void {
    return this.#engine.events.on(name, listener);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const engine = this.#engine;
    const now = this.#clock.now();
    for (const lane of this.#lanes.values()) lane.close();
    for (const state of engine.holding) state.slice.drain(now, true, (place, units) => engine.giveBack(state, place, units, now));
    if (engine.mode.current === "shared") await engine.corrections.flush().catch(() => undefined);
    engine.corrections.stop();
    await this.#pulse.stop(engine.mode.current === "shared");
    this.#neverReady(configError("The ledger was closed before the store had answered."));
    await engine.store.close();
  }

  #refuse(refusal: Reservation): Reservation {
    this.#engine.counts.refused++;
    return refusal;
  }

  #ownLink(url: URL, secrets: readonly string[]): Link {
    const engine = this.#engine;
    return new OwnLink(url, {
      clock: this.#clock,
      secrets,
      warn: ({ kind, message }) => engine.tell(kind, message),
      onState: (ready, error) => {
        if (ready) this.#pulse.start();
        else if (error !== undefined) engine.failed(error);
      },
    });
  }

  #statesOf(counters: readonly Counter[], now: number): CounterState[] {
    const { targets } = this.#engine;
    const states = new Array<CounterState>(counters.length);
    for (let i = 0; i < counters.length; i++) {
      const state = (states[i] = targets.of(counters[i]));
      state.note(counters[i].units, now);
    }
    return states;
  }

  #laneOf(counters: readonly Counter[]): Lane {
    const name = counters.length === 1 ? counters[0].key : counters.map(({ key }) => key).join("\n");
    let lane = this.#lanes.get(name);
    if (lane !== undefined) return lane;
    if (this.#lanes.size >= MOST_LANES) for (const [key, { idle }] of this.#lanes) if (idle) this.#lanes.delete(key);
    lane = new Lane(this.#engine, counters.map((counter) => this.#engine.targets.of(counter)));
    this.#lanes.set(name, lane);
    return lane;
  }
}

function warner(logger: Logger | undefined): (message: string, fields: object) => void {
  if (logger === undefined) return (message) => process.emitWarning(message, { type: "MultihomeWarning", code: "MH_LEDGER" });
  return (message, fields) => logger.warn(fields, message);
}
