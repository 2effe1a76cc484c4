import type { Lease } from "../../../src/model/lease.ts";
import type { RequestInfo } from "../../../src/model/request.ts";
import type { ResponseInfo } from "../../../src/model/response.ts";
import { Judge } from "./judge.ts";
import type { SpinClock } from "./spin-clock.ts";
import type { Answer, World } from "./world.ts";

/** The server's clock began elsewhere, and nothing moves it. */
const SERVER_EPOCH = Date.UTC(2026, 0, 1) + 12_345;
const CALM: Answer = { status: 200, afterMs: 1, body: "whole", bodyMs: -1, onStop: "release" };
export const HOSTS = ["api.test", "other.test"] as const;

/** The first pause after a refusal that names no time. */
const LEAST_MS = { 429: 500, 418: 120_000 } as const;

/** Whoever drives an exchange hears of it here. */
export interface Hears {
  head(info: ResponseInfo): void;
  failed(error: Error, sent: boolean): void;
  ended(error: Error | undefined): void;
}

export class Exchange {
  readonly server: Server;
  readonly answer: Answer;
  readonly request: RequestInfo;
  readonly exit: string;
  readonly target: string;
  /** Nobody listens any more. */
  over = false;
  refused = false;
  /** The pool has given it up. */
  deaf = false;
  unsent = false;
  #timer: unknown;

  constructor(server: Server, answer: Answer, request: RequestInfo, lease: Lease) {
    this.server = server;
    this.answer = answer;
    this.request = request;
    this.exit = lease.exit.id;
    this.target = lease.target;
  }

  go(hears: Hears): void {
    this.#after(this.answer.afterMs, () => {
      const { fault, bodyMs, body } = this.answer;
      if (fault === "hang") {
        this.server.hanging.add(() => this.#fail(hears, "ECONNRESET", true));
      } else if (fault !== undefined) {
        this.unsent = fault !== "reset";
        this.#fail(hears, fault === "unsent" ? "ECONNREFUSED" : fault === "unsent-timeout" ? "ETIMEDOUT" : "ECONNRESET", fault === "reset");
      } else {
        hears.head(this.info());
        if (this.over) return;
        const end = (): void => {
          if (this.over) return;
          this.end();
          hears.ended(body === "cut" ? coded("ECONNRESET") : undefined);
        };
        if (body === "unread") this.server.hanging.add(end);
        else this.#after(bodyMs, end);
      }
    });
  }

  end(): void {
    this.over = true;
    if (this.#timer !== undefined) this.server.clock.clearTimeout(this.#timer);
  }

  info(): ResponseInfo {
    const { status, retryAfter } = this.answer;
    const { clock, world } = this.server;
    return {
      status,
      header(name) {
        const asked = name.toLowerCase();
        if (asked === "retry-after") return retryAfter === undefined ? undefined : String(retryAfter);
        if (asked === "date" && world.dates) return new Date(Math.floor((SERVER_EPOCH + clock.now()) / 1_000) * 1_000).toUTCString();
        return undefined;
      },
      body: new Uint8Array([1]),
    };
  }

  #fail(hears: Hears, code: string, sent: boolean): void {
    if (this.over) return;
    this.end();
    hears.failed(coded(code), sent);
  }

  #after(ms: number, then: () => void): void {
    const go = (): void => {
      if (this.over) return;
      this.server.clock.progress();
      then();
    };
    if (ms < 0) go();
    else if (ms === 0) queueMicrotask(go);
    else this.#timer = this.server.clock.setTimeout(go, ms);
  }
}

/** What stands at the other end of all exits. */
export class Server {
  readonly clock: SpinClock;
  readonly world: World;
  readonly judges: Record<string, Judge>;
  /** Ends what nobody else would. */
  readonly hanging = new Set<() => void>();
  readonly wrong: string[] = [];
  /** Everything is answered at once from now on. */
  calm = false;
  closed = false;
  /** Exits that may be used for new requests. */
  listed = new Set<string>();
  #opened = 0;
  #at = -1;
  #startsAtOnce = 0;

  /** Who it takes an exit for. */
  readonly egressOf: (exit: string) => string;

  constructor(world: World, clock: SpinClock) {
    this.egressOf = world.shareEgress ? egressOf : (exit) => exit;
    this.world = world;
    this.clock = clock;
    this.judges = { [HOSTS[0]]: new Judge(world.limits, SERVER_EPOCH), [HOSTS[1]]: new Judge([], SERVER_EPOCH) };
  }

  /** @param pinned it was on a lease: which may have been given before its exit left the list */
  open(lease: Lease, request: RequestInfo, pinned: boolean): Exchange {
    const answer = this.calm ? CALM : this.world.answers[this.#opened++ % this.world.answers.length];
    const exchange = new Exchange(this, answer, request, lease);
    this.clock.progress();
    const now = this.clock.now();
    if (now !== this.#at) this.#startsAtOnce = 0;
    this.#at = now;
    if (++this.#startsAtOnce > 1_000) throw new Error(`${this.#startsAtOnce} starts at one moment`);
    if (this.closed) this.say(`something was sent by ${exchange.exit} after the pool's end`);
    if (pinned) this.mustNotBeAway(lease);
    else this.mayLeave(lease);
    if (answer.fault !== "unsent" && answer.fault !== "unsent-timeout") this.arrived(lease, request);
    return exchange;
  }

  /** A lease was given by an exit. @param since at this moment; what was said since then it could not know */
  mayLeave(lease: Lease, since?: number): void {
    const { id } = lease.exit;
    if (!this.listed.has(id)) this.say(`${id} is not listed, and was used`);
    this.mustNotBeAway(lease, since);
  }

  mustNotBeAway(lease: Lease, since?: number): void {
    const { id } = lease.exit;
    const until = this.judges[lease.target].awayUntil(this.egressOf(id), since);
    if (until > this.clock.now() + 1e-6) this.say(`${id} is to keep away from ${lease.target} until ${until}, and was used`);
  }

  arrived(lease: Lease, request: RequestInfo): void {
    const { weight, account } = costOf(request);
    const wrong = this.judges[lease.target].arrived({ at: this.clock.now(), exit: this.egressOf(lease.exit.id), account, weight });
    if (wrong !== undefined) this.say(wrong);
  }

  /** Its head is about to be read. */
  heard(exchange: Exchange): void {
    const { status, retryAfter } = exchange.answer;
    exchange.refused = status === 429 || status === 418;
    if (status !== 429 && status !== 418 && !(status === 503 && retryAfter !== undefined)) return;
    this.refuse(exchange.exit, exchange.target, status === 503 ? 429 : status, retryAfter);
  }

  refuse(exit: string, target: string, status: 429 | 418, retryAfter: number | undefined): void {
    const now = this.clock.now();
    this.judges[target].keepAway(this.egressOf(exit), now + (retryAfter === undefined ? LEAST_MS[status] : retryAfter * 1_000), now);
  }

  quiet(): void {
    this.calm = true;
    for (const end of this.hanging) end();
    this.hanging.clear();
  }

  say(wrong: string): void {
    if (this.wrong.length < 20) this.wrong.push(`at ${this.clock.now()}: ${wrong}`);
  }
}

/** Two neighbours in number are one. */
export function egressOf(exit: string): string {
  return `egress ${Number(/\.(\d+)(?::\d+)?$/.exec(exit)?.[1]) >> 1} of ${exit.includes("://") ? "proxies" : "locals"}`;
}

export function costOf(request: RequestInfo): { weight: number; account: string | undefined } {
  const key = request.headers?.["x-key"];
  return { weight: Number(/\/w(\d)/.exec(request.path ?? "")?.[1] ?? 1), account: typeof key === "string" ? key : undefined };
}

export function coded(code: string): Error {
  return Object.assign(new Error(`${code} (scripted)`), { code });
}
