import { createExitPool, type Dispatch, type Driver, type ExitPool, type ExitPoolOptions, type Leg, type RequestInfo, type ResponseInfo } from "@multihome/core";
import type { Arena, Contestant, Task } from "./arena.ts";
import { streamOf } from "../../support/world-chance.ts";
import type { Attempt, AttemptOwner, Network, Outcome } from "./network.ts";
import { ATTEMPT_MS, HOSTS, IN_FLIGHT, SPACING_MS } from "../../support/world-parameters.ts";

export interface CoreSettings {
  readonly options: ExitPoolOptions;
  /** false: all failures look alike, a broken connection each, as in the simulation that the policy comes from. */
  readonly kinds: boolean;
}

/** The real core, driven as the adapters drive it, over a net that is not there. */
export async function coreContestant(arena: Arena, { options, kinds }: CoreSettings): Promise<Contestant> {
  const proxies = Array.from({ length: arena.world.proxies }, (_, index) => `socks5://10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:1080`);
  const pool = createExitPool({
    maxInFlight: IN_FLIGHT,
    attemptTimeout: ATTEMPT_MS,
    queue: { capacity: Infinity, maxAttempts: Infinity, timeout: false, onOpen: "queue" },
    summaryEvery: false,
    clock: arena.clock,
    random: streamOf(arena.seed, "policy"),
    ...options,
    exits: { ...options.exits, local: false, proxies },
    defaults: { spacing: SPACING_MS, ...options.defaults },
  });
  await pool.ready();
  const byId = new Map(proxies.map((id, index) => [id, index]));
  const requests = Array.from({ length: HOSTS }, (_, host): RequestInfo => ({ method: "GET", url: `https://h${host}.example/`, host: `h${host}.example`, path: "/" }));
  return {
    submit(task) {
      new CoreTask(arena, task, byId, kinds).begin(pool, requests[task.host]);
    },
    close: () => pool.close({ drain: 0 }),
  };
}

const BODY = new TextEncoder().encode("x");
const GOOD: ResponseInfo = { status: 200, header: () => undefined, body: BODY, complete: true };
const BLOCKED: ResponseInfo = { status: 403, header: () => undefined, body: BODY, complete: true };
// One for all: a stack trace costs more than an attempt.
const REFUSED: Error = Object.assign(new Error("The proxy refused the connection."), { code: "ECONNREFUSED", phase: "tcp" });
const BROKEN: Error = Object.assign(new Error("The attempt failed."), { code: "ECONNRESET" });

class CoreTask implements Driver, AttemptOwner {
  readonly #arena: Arena;
  readonly #network: Network;
  readonly #task: Task;
  readonly #byId: ReadonlyMap<string, number>;
  readonly #kinds: boolean;
  /** Legs that are under way or held, by attempt. */
  readonly #legs = new Map<Attempt, Leg>();

  constructor(arena: Arena, task: Task, byId: ReadonlyMap<string, number>, kinds: boolean) {
    this.#arena = arena;
    this.#network = arena.network;
    this.#task = task;
    this.#byId = byId;
    this.#kinds = kinds;
  }

  begin(pool: ExitPool, request: RequestInfo): Dispatch {
    return pool.drive(request, this);
  }

  start(leg: Leg): void {
    const proxy = this.#byId.get(leg.exit.id);
    if (proxy === undefined) throw new Error(`The pool has an exit that the world has not: ${leg.exit.id}.`);
    const attempt = this.#network.begin(proxy, this.#task.host, this, Infinity);
    leg.driverState = attempt;
    this.#legs.set(attempt, leg);
  }

  stop(leg: Leg, reason: unknown): void {
    const attempt = leg.driverState as Attempt;
    this.#network.cancel(attempt);
    this.#legs.delete(attempt);
    // As a client does that is told to give up: an answer that was held is read to its end, the rest breaks off, and whoever
    // is still connecting knows that nothing was sent.
    if (attempt.ended) leg.end();
    else leg.fail(reason, !this.#kinds || attempt.sentAt <= this.#arena.clock.now());
  }

  deliver(leg: Leg): void {
    leg.end();
    this.#arena.failed(this.#task);
  }

  reject(): void {
    this.#arena.failed(this.#task);
  }

  ended(attempt: Attempt, outcome: Outcome): void {
    const leg = this.#legs.get(attempt) as Leg;
    switch (outcome) {
      case "success":
        this.#respond(leg, attempt, GOOD);
        return;
      case "blocked":
        if (this.#kinds) this.#respond(leg, attempt, BLOCKED);
        else this.#fail(leg, attempt, BROKEN, true);
        return;
      case "refused":
        if (this.#kinds) this.#fail(leg, attempt, REFUSED, false);
        else this.#fail(leg, attempt, BROKEN, true);
        return;
      case "late":
        throw new Error("An attempt without a limit is never late.");
      default: {
        const never: never = outcome;
        throw new TypeError(`Unknown outcome ${String(never)}.`);
      }
    }
  }

  #respond(leg: Leg, attempt: Attempt, info: ResponseInfo): void {
    const decision = leg.respond(info);
    if (decision === "hold") return;
    this.#legs.delete(attempt);
    if (decision === "deliver") {
      if (info === GOOD) this.#arena.done(this.#task);
      else this.#arena.failed(this.#task);
    }
    leg.end();
  }

  #fail(leg: Leg, attempt: Attempt, error: Error, sent: boolean): void {
    this.#legs.delete(attempt);
    leg.fail(error, sent);
  }
}
