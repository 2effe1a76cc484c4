import { AsyncLocalStorage } from "node:async_hooks";
import { adapterHost } from "./adapter-host.ts";
import { ClosedError, PoolFullError } from "./errors.ts";
import { ExitTable } from "./exits/exit-table.ts";
import { PoolHealth } from "./health/pool-health.ts";
import { Traffic } from "./health/traffic.ts";
import type { Decision } from "./model/decision.ts";
import type { Dispatch, Driver, Lease, Transport } from "./model/lease.ts";
import type { ExitPoolOptions } from "./model/options.ts";
import type { ExitDetails, PoolOverview } from "./model/overview.ts";
import type { AcquireOptions, AdapterHost, ExitPool, Explanation, LimitChange, PoolStatus, RunOptions, TryAcquireResult, WeightAnalysis, WeightReport } from "./model/pool.ts";
import type { Hints, RequestInfo } from "./model/request.ts";
import { exitAgents } from "./node-http/index.ts";
import type { ChannelName, Messages } from "./observe/channels.ts";
import { listen } from "./observe/listen.ts";
import { Log } from "./observe/log.ts";
import { summaryLine } from "./observe/lines.ts";
import { offerReadings } from "./observe/metrics/readings.ts";
import { narrate } from "./observe/narrator.ts";
import { checkCall, checkWith, hintsIn, MAP_OPTIONS } from "./option-names.ts";
import { checkChange, checkSlots, configError, type Problem } from "./options.ts";
import { mergeOptions } from "./model/merge-options.ts";
import { Bookkeeper } from "./race/ledger/bookkeeper.ts";
import { Engine } from "./race/engine.ts";
import { acquire, timeoutMs, tryAcquire, tryAcquireAll, type Asked } from "./race/by-hand/acquire.ts";
import { decisionsOf, explain, explainTask } from "./race/seen/explain.ts";
import { inspectExit, overviewOf } from "./race/seen/overview.ts";
import { fullTarget } from "./race/room-for.ts";
import { runByPromise } from "./race/promise-driver.ts";
import { EngineReadings } from "./race/seen/readings.ts";
import { takeStatedLimits } from "./race/stated-limits.ts";
import { statusOf } from "./race/seen/status.ts";
import { PLAIN } from "./race/way.ts";
import { PREVIOUS } from "./race/wish.ts";
import { weightAnalysisOf } from "./race/seen/weight-report.ts";
import { checkRequest } from "./race/hosts.ts";
import { pathOf, pauseRules, Targets } from "./race/targets.ts";
import { systemClock, type Clock } from "./time/clock.ts";
import { Slots } from "./slots/slots.ts";
import { poolPorts } from "./slots/pool-ports.ts";
import { drain } from "./drain.ts";
import { Memory } from "./state/memory.ts";
import { Start } from "./start.ts";
import { engineRules, healthRules, validated } from "./settings.ts";
import type { MapOptions, Settled, TaskHandle } from "./model/task.ts";
import { checkMap, mapItems } from "./tasks/map.ts";
import { submit } from "./tasks/submit.ts";
import { durationMs } from "./time/duration.ts";
import { Alarm } from "./time/timer-queue.ts";
import { systemRandom } from "./time/random.ts";

/**
 * Makes a pool of exits. It begins to look for them at once; requests made meanwhile wait.
 *
 * @throws MultihomeError `MH_ERR_CONFIG` with every wrong option: its path, what was given, what is allowed
 */
export function createExitPool(options: ExitPoolOptions = {}): ExitPool {
  return new Pool(validated(options));
}

class Pool implements ExitPool {
  readonly adapterHost: AdapterHost;
  #options: ExitPoolOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #table = new ExitTable();
  readonly #traffic = new Traffic();
  readonly #engine: Engine;
  readonly #targets: Targets;
  readonly #ready: Promise<void>;
  readonly #endNarration: () => void;
  readonly #start: Start;
  readonly #slots: Slots;
  readonly #memory: Memory | undefined;
  readonly #summary: Alarm;
  readonly #releases = new Set<() => void | Promise<void>>();
  #hints: AsyncLocalStorage<Hints> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ExitPoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = new Log(options.logger);
    this.adapterHost = adapterHost({ clock: this.#clock, options: () => this.#options, hints: () => this.#hints, closed: () => this.#engine.closing, releases: this.#releases });
    this.#engine = new Engine({
      clock: this.#clock,
      table: this.#table,
      traffic: this.#traffic,
      health: new PoolHealth(this.#table, healthRules(options)),
      rules: engineRules(options),
      agentsOf: (exit) => exitAgents(this.adapterHost).of(exit),
      warn: (message, fields) => this.#log.warn(message, fields),
    });
    this.#engine.kinds.update(options.kinds);
    this.#engine.gate.limit(options.maxInFlight);
    if (options.ledger !== undefined) this.#engine.books = new Bookkeeper(options.ledger, this.#engine);
    this.#targets = new Targets(this.#engine, this.#table, options, options.random ?? systemRandom);
    offerReadings(this, new EngineReadings(this.#engine, this.#targets, { faults: this.#log.faults, slots: () => this.#slots.status(), sources: () => this.#start.sources, sockets: this.adapterHost.sockets }));
    this.#summary = new Alarm((now) => this.#summarize(now));
    const { state } = options;
    if (state !== undefined) this.#memory = new Memory({ file: state.file, saveEveryMs: durationMs(state.saveEvery ?? "5m"), clock: this.#clock, table: this.#table, engine: this.#engine, targets: this.#targets, log: this.#log });
    this.#slots = new Slots(poolPorts(this.#engine, this.#targets, (request) => this.#hintsFor(request, undefined), (hints, fn) => this.with(hints, fn)), this.#log, pauseRules(options));
    this.#targets.onMade = (target) => this.#memory?.made(target);
    this.#start = new Start({ options, memory: this.#memory, clock: this.#clock, log: this.#log, table: this.#table, engine: this.#engine, targets: this.#targets, onExits: () => this.#slots.reconsider() });
    this.#endNarration = narrate(this.#engine.name, this.#log, this.#engine.timers, () => this.#clock.now());
    this.#ready = this.#start.run().then(() => this.#setSummary(this.#clock.now()));
    // Whoever asks for ready() is told; nobody has to ask.
    this.#ready.catch(() => {});
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  drive(request: RequestInfo, driver: Driver, options?: RunOptions): Dispatch {
    const hints = this.#hintsFor(request, options?.hints);
    return this.#engine.drive(this.#targets.of(request, hints?.target), request, driver, PLAIN, hints, timeoutMs(options?.timeout));
  }

  run<R>(request: RequestInfo, transport: Transport<R>, options?: RunOptions): Promise<R> {
    return runByPromise(this, request, transport, options);
  }

  submit<R>(request: RequestInfo, transport: Transport<R>, options: RunOptions = {}): TaskHandle<R> {
    return this.submitAll([request], transport, options)[0];
  }

  submitAll<R>(requests: RequestInfo[], transport: Transport<R>, options: RunOptions = {}): TaskHandle<R>[] {
    if (this.#engine.closing) throw new ClosedError();
    const asked = requests.map((request) => this.#asked(request, hintsIn(options)));
    const full = fullTarget(this.#engine, asked);
    if (full !== undefined) throw new PoolFullError(full.name, this.#engine.rules.capacity);
    return asked.map((one) => submit(this.#engine, one, transport, options));
  }

  map<T, R>(items: Iterable<T> | AsyncIterable<T>, fn: (item: T, signal: AbortSignal) => Promise<R>, options: MapOptions = {}): AsyncIterable<Settled<T, R>> {
    checkMap(items, fn);
    checkCall("map", options, MAP_OPTIONS);
    const { concurrency = this.#options.maxInFlight ?? 100, ordered = false, signal } = options;
    return mapItems(items, fn, { concurrency, ordered, ...(signal === undefined ? {} : { signal }) });
  }

  async acquire(request: RequestInfo, options: AcquireOptions = {}): Promise<Lease> {
    return acquire(this.#engine, this.#asked(request, hintsIn(options)), options);
  }

  tryAcquire(request: RequestInfo, options: AcquireOptions = {}): TryAcquireResult {
    return tryAcquire(this.#engine, this.#asked(request, hintsIn(options)), options);
  }

  tryAcquireAll(requests: RequestInfo[], options: AcquireOptions = {}): TryAcquireResult[] {
    return tryAcquireAll(this.#engine, requests.map((request) => this.#asked(request, hintsIn(options))), options);
  }

  with<T>(hints: Hints, fn: () => T): T {
    checkWith(hints, fn);
    // Made when it is first needed: once a program has one, every asynchronous step of it costs more on older Nodes.
    const storage = (this.#hints ??= new AsyncLocalStorage<Hints>());
    const outer = storage.getStore();
    // What goes on inside has its last exit in common.
    const inner = hints.affinity === "avoid-previous" ? { ...hints, [PREVIOUS]: { exit: -1 } } : hints;
    return storage.run(outer === undefined ? inner : { ...outer, ...inner }, fn);
  }

  readonly slots: ExitPool["slots"] = (items, worker, options) => {
    const problems = checkSlots(items, worker, options);
    if (problems.length > 0) throw configError(problems);
    return this.#slots.start(items, worker, options);
  };

  explain(request: RequestInfo): Explanation;
  explain(task: string): Decision | undefined;
  explain(what: RequestInfo | string): Explanation | Decision | undefined {
    if (typeof what === "string") return explainTask(this.#engine, what, (request, hints) => this.#explain(request, hints));
    return this.#explain(what, undefined);
  }

  decisions(): Decision[] {
    return decisionsOf(this.#engine);
  }

  weigh(request: RequestInfo): WeightReport {
    const { target } = this.#asked(request, undefined);
    const limits = (this.#options.targets?.[target.name] ?? this.#options.defaults)?.limits;
    return this.#targets.calculatorOf(target).report(request.method, request.path ?? pathOf(request), request.body, request.headers, limits, request);
  }

  weightReport(): WeightAnalysis {
    return weightAnalysisOf(this.#targets);
  }

  readLimits(target: string, exchangeInfo: unknown): LimitChange[] {
    const known = this.#targets.get(target);
    if (known === undefined) throw new TypeError(`Expected the name of one of the pool's targets, got \`${target}\`.`);
    return takeStatedLimits(known, exchangeInfo, (message, fields) => this.#log.warn(message, fields));
  }

  status(): PoolStatus {
    return { ...statusOf(this.#engine, this.#targets, this.#traffic, this.#options.alerts ?? {}), slots: this.#slots.status() };
  }

  overview(): PoolOverview {
    return overviewOf(this.#engine, this.#targets, this.#traffic, this.#start.sources);
  }

  inspect(exit: string): ExitDetails | undefined {
    return inspectExit(this.#engine, this.#targets, exit);
  }

  update(change: Partial<ExitPoolOptions>): void {
    const strange = checkChange(change);
    if (strange.length > 0) throw configError(strange);
    const merged = mergeOptions(this.#options, change);
    const fixed = (["clock", "random", "ledger"] as const).filter((name) => change[name] !== undefined && change[name] !== this.#options[name]).map((name): Problem => ({ path: name, given: "another one", expected: "no change: it holds for the life of a pool" }));
    if (change.state?.file !== undefined && change.state.file !== this.#options.state?.file) fixed.push({ path: "state.file", given: "another one", expected: "no change: it holds for the life of a pool" });
    if (fixed.length > 0) throw configError(fixed);
    const options = validated(merged);
    // First: it may find entries that are no exits, and then nothing has changed.
    this.#start.update(options);
    this.#options = options;
    this.#engine.rules = engineRules(this.#options);
    this.#engine.kinds.update(this.#options.kinds);
    this.#engine.health.rules = healthRules(this.#options);
    this.#engine.gate.limit(this.#options.maxInFlight);
    if (this.#memory !== undefined) this.#memory.saveEveryMs = durationMs(this.#options.state?.saveEvery ?? "5m");
    this.#targets.update(this.#options);
    if (this.#engine.ready) for (const target of this.#targets) this.#engine.pump(target);
    this.#slots.update(pauseRules(this.#options));
  }

  on<K extends string>(name: K, listener: (message: K extends ChannelName ? Messages[K] : never) => void): () => void {
    const end = listen(name, this.#engine.name, listener, this.#log);
    this.#releases.add(end);
    return () => {
      this.#releases.delete(end);
      end();
    };
  }

  close(options: { drain?: number | `${number}${"ms" | "s" | "m" | "h" | "d"}` } = {}): Promise<void> {
    return (this.#closing ??= this.#close(durationMs(options.drain ?? "500ms")));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(drainMs: number): Promise<void> {
    const engine = this.#engine;
    engine.closing = true;
    this.#slots.close();
    engine.rejectWaiting(this.#targets);
    await drain(this.#clock, drainMs, [engine, this.#slots]);
    // Before the rest, so that workers are told why.
    this.#slots.abort(new ClosedError());
    engine.leases.stopAll(new ClosedError());
    await this.#memory?.close();
    await engine.books?.close();
    engine.timers.stop();
    this.#start.stop();
    this.#endNarration();
    await Promise.all([...this.#releases].map(async (release) => release()));
    this.#releases.clear();
  }

  /** A line for the log, now and then; nothing is set where nobody reads it. */
  #summarize(now: number): void {
    const { exits, tasks, throughput, successRate1m, breakers } = this.status();
    const successRate = this.#traffic.attempts1m(now).all === 0 ? undefined : successRate1m;
    this.#log.info(summaryLine({ ...exits, perSecond: throughput.s10, successRate, pending: tasks.pending, breakers }), {});
    this.#setSummary(now);
  }

  #setSummary(now: number): void {
    const every = this.#options.summaryEvery ?? "30s";
    if (every !== false && this.#log.heard) this.#engine.timers.add(this.#summary, now, durationMs(every));
  }

  #asked(request: RequestInfo, given: Hints | undefined): Asked {
    const hints = this.#hintsFor(checkRequest(request), given);
    return { request, target: this.#targets.of(request, hints?.target), hints };
  }

  #explain(request: RequestInfo, given: Hints | undefined): Explanation {
    const { target, hints } = this.#asked(request, given);
    return explain(this.#engine, target, request, hints, this.weigh(request));
  }

  #hintsFor(request: RequestInfo, given: Hints | undefined): Hints | undefined {
    const own = given === undefined ? request.hints : request.hints === undefined ? given : { ...request.hints, ...given };
    const around = this.#hints?.getStore();
    return around === undefined ? own : own === undefined ? around : { ...around, ...own };
  }
}
