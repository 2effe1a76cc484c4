import type { Dispatch, Driver, ExitPool, Hints, Leg, Lease, RequestInfo, Transport } from "../../../src/index.ts";
import type { ResponseInfo } from "../../../src/model/response.ts";
import { coded, type Exchange, type Server } from "./server.ts";

/** What a caller may be told: the pool's own errors, and what he or the transport has said. */
const TOLD = /^(MH_ERR_[A-Z_]+|ABORTED|AT_START|ECONNREFUSED|ETIMEDOUT|ECONNRESET)$/;
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** One request of the program, however it is driven: what it may and may not see. */
export class Task {
  readonly server: Server;
  readonly request: RequestInfo;
  readonly pinned: boolean;
  readonly createdAt: number;
  readonly timeoutMs: number;
  settled = 0;
  how = "";
  stop: (reason: Error) => void = () => {};
  /** Told of its end. */
  onSettled: (how: string) => void = () => {};
  readonly #exchanges: Exchange[] = [];

  constructor(server: Server, request: RequestInfo, pinned: boolean, timeoutMs: number) {
    this.server = server;
    this.request = request;
    this.pinned = pinned;
    this.createdAt = server.clock.now();
    this.timeoutMs = timeoutMs;
  }

  open(lease: Lease): Exchange {
    if (this.settled > 0) this.server.say(`a leg was started although the request was ${this.how}`);
    if (!SAFE.has(this.request.method) && this.#exchanges.some(({ over, refused, unsent }) => !(refused || (over && unsent)))) this.server.say(`${this.request.method} was sent twice`);
    const exchange = this.server.open(lease, this.request, this.pinned);
    this.#exchanges.push(exchange);
    return exchange;
  }

  settle(how: string): void {
    this.server.clock.progress();
    if (++this.settled > 1) this.server.say(`a request was ${this.how}, and then ${how}`);
    this.how = how;
    this.onSettled(how);
  }

  /** @returns what is wrong */
  late(now: number): string | undefined {
    if (this.settled > 0 || now <= this.createdAt + this.timeoutMs + 2) return undefined;
    // On local exits the deadline is that of the waiting alone.
    if (this.#exchanges.some(({ over, exit }) => !over && !exit.includes("://"))) return undefined;
    return `a request of ${this.createdAt} is not settled at ${now} (timeout ${this.timeoutMs}, ${this.#exchanges.length} legs)`;
  }

  get legs(): number {
    return this.#exchanges.length;
  }
}

export function run(task: Task, pool: ExitPool, hints: Hints, via: "run" | "submit", withSignal: boolean): void {
  const transport = transportOf(task);
  const controller = new AbortController();
  const options = { hints, ...(task.timeoutMs === Infinity ? {} : { timeout: task.timeoutMs }), ...(withSignal ? { signal: controller.signal } : {}) };
  const settled = [(): void => task.settle("answered"), (error: unknown): void => task.settle(`rejected with ${nameOf(task, error)}`)] as const;
  if (via === "run") {
    task.stop = (reason) => controller.abort(reason);
    void pool.run(task.request, transport, options).then(...settled);
  } else {
    try {
      const handle = pool.submit(task.request, transport, options);
      task.stop = (reason) => (withSignal ? controller.abort(reason) : handle.cancel(reason));
      void handle.then(...settled);
    } catch (error) {
      task.settle(`refused with ${nameOf(task, error)}`);
    }
  }
}

function transportOf(task: Task): Transport<{ exchange: Exchange; info: ResponseInfo; finished: Promise<void> }> {
  const unsent = new WeakSet<Error>();
  return {
    send(lease, signal) {
      const exchange = task.open(lease);
      return new Promise((resolve, reject) => {
        let done: () => void = () => {};
        let cut: (error: Error) => void = () => {};
        const finished = new Promise<void>((whole, broken) => {
          done = whole;
          cut = broken;
        });
        finished.catch(() => {});
        signal.addEventListener("abort", () => {
          exchange.end();
          exchange.deaf = true;
          cut(coded("ABORTED"));
          if (exchange.answer.onStop === "later") task.server.clock.setTimeout(() => reject(coded("ABORTED")), 50);
          else reject(coded("ABORTED"));
        });
        exchange.go({
          head: (info) => resolve({ exchange, info, finished }),
          failed(error, sent) {
            if (!sent) unsent.add(error);
            reject(error);
          },
          ended: (error) => (error === undefined ? done() : cut(error)),
        });
      });
    },
    inspect({ exchange, info }) {
      if (!exchange.deaf) task.server.heard(exchange);
      return info;
    },
    discard: ({ exchange }) => exchange.end(),
    finished: ({ finished }) => finished,
    unsent: (error) => unsent.has(error as Error),
  };
}

export function drive(task: Task, pool: ExitPool, hints: Hints, abortAtStart: boolean): void {
  let dispatch: Dispatch | undefined;
  let early = false;
  const abort = (reason: Error): void => {
    // Before `drive` has returned there is nothing to abort by.
    if (dispatch === undefined) {
      early = true;
      return;
    }
    if (task.settled === 0) task.settle("aborted");
    dispatch.abort(reason);
  };
  const driver: Driver = {
    start(leg) {
      const exchange = task.open(leg);
      leg.driverState = exchange;
      exchange.go({
        head(info) {
          task.server.heard(exchange);
          const decision = leg.respond(info);
          if (decision === "deliver") task.settle("answered");
          if (decision === "drop") drop(leg, exchange);
        },
        failed: (error, sent) => leg.fail(error, sent),
        ended: (error) => leg.end(error),
      });
      if (abortAtStart && task.settled === 0) abort(coded("AT_START"));
    },
    stop(leg, reason) {
      const exchange = leg.driverState as Exchange;
      exchange.end();
      switch (exchange.answer.onStop) {
        case "release":
          leg.release();
          break;
        case "fail":
          leg.fail(reason, true);
          break;
        case "end":
          leg.end(reason);
          break;
        default:
          task.server.clock.setTimeout(() => leg.fail(reason, true), 50);
      }
    },
    deliver: () => task.settle("answered with what was held"),
    reject: (error) => task.settle(`rejected with ${nameOf(task, error)}`),
  };
  task.stop = abort;
  try {
    dispatch = pool.drive(task.request, driver, { hints, ...(task.timeoutMs === Infinity ? {} : { timeout: task.timeoutMs }) });
    if (early) abort(coded("AT_START"));
  } catch (error) {
    task.settle(`refused with ${nameOf(task, error)}`);
  }
}

function drop(leg: Leg, exchange: Exchange): void {
  exchange.end();
  if (exchange.answer.onStop === "release") leg.release();
  else leg.end();
}

function nameOf(task: Task, error: unknown): string {
  const { code, stack } = error as { code?: string; stack?: string };
  if (code === undefined || !TOLD.test(code)) task.server.say(`a caller was told ${stack ?? String(error)}`);
  return String(code ?? error);
}
