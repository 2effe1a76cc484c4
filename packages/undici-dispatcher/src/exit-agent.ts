import type { Socket } from "node:net";
import type { Exit } from "@multihome/core";
import type { AbortConnect } from "@multihome/core/connect";
import type { ConnectObserver } from "./connector.ts";
import type { InnerDispatcher } from "./undici.ts";

/** Why a connection was given up that nobody waited for any more. One for all: a stack trace costs more than a request. */
export const NOBODY_WAITS: Error = Object.freeze(Object.assign(new Error("Nobody waits for this connection any more."), { code: "MH_LOST" }));

/** Origins remembered for each exit beyond those that somebody waits for. */
const MOST_ORIGINS = 64;

/** Who waits for a connection to one origin through one exit. */
export interface Waiting {
  legs: number;
  /** Connections on their way that undici opened of its own accord: it is not known for whom. */
  readonly connects: Set<AbortConnect>;
}

/** Whoever has undici open a connection; `connect` gives that one up. */
export interface Opener {
  connect: AbortConnect | undefined;
}

/** Counts the sockets of all exits. */
export interface SocketCount {
  opened(agent: ExitAgent): void;
  closed(agent: ExitAgent): void;
}

/** What sends through one exit, who is using it, and which connections are on their way. */
export class ExitAgent implements ConnectObserver {
  /** `undefined`: it serves all of them. */
  readonly exit: Exit | undefined;
  readonly dispatcher: InnerDispatcher;
  /** Legs that may still need it. */
  uses = 0;
  /** Open sockets. */
  sockets = 0;
  /** Replaced: what runs may end, nothing new begins. */
  retired = false;
  /** When it was last taken. */
  turn = 0;
  /** On whose behalf undici is being called right now: it opens connections from within. */
  opener: Opener | undefined = undefined;
  readonly #origins = new Map<string, Waiting>();
  readonly #connecting = new Set<AbortConnect>();
  readonly #count: SocketCount;

  /** @param make is handed the agent itself, because the connector reports to it */
  constructor(exit: Exit | undefined, make: (observer: ConnectObserver) => InnerDispatcher, count: SocketCount) {
    this.exit = exit;
    this.#count = count;
    this.dispatcher = make(this);
  }

  waitingFor(origin: string): Waiting {
    let waiting = this.#origins.get(origin);
    if (waiting === undefined) {
      if (this.#origins.size >= MOST_ORIGINS) this.#forgetOrigins();
      this.#origins.set(origin, (waiting = { legs: 0, connects: new Set() }));
    }
    return waiting;
  }

  connecting(origin: string, abort: AbortConnect): void {
    this.#connecting.add(abort);
    if (this.opener !== undefined && this.opener.connect === undefined) this.opener.connect = abort;
    else this.waitingFor(origin).connects.add(abort);
  }

  connected(origin: string, abort: AbortConnect, socket: Socket | undefined): void {
    this.#connecting.delete(abort);
    this.#origins.get(origin)?.connects.delete(abort);
    if (socket === undefined) return;
    this.sockets++;
    this.#count.opened(this);
    socket.once("close", () => {
      this.sockets--;
      this.#count.closed(this);
    });
  }

  abortConnects(reason: Error): void {
    for (const abort of [...this.#connecting]) abort(reason);
  }

  #forgetOrigins(): void {
    for (const [origin, { legs, connects }] of this.#origins) if (legs === 0 && connects.size === 0) this.#origins.delete(origin);
  }
}

/** One leg fewer waits. Once it is the last, nobody needs what is still on its way. */
export function giveUpWaiting(waiting: Waiting): void {
  waiting.legs--;
  if (waiting.legs > 0) return;
  for (const abort of [...waiting.connects]) abort(NOBODY_WAITS);
}
