import type { Leg } from "@multihome/core";
import type { AbortConnect } from "@multihome/core/connect";
import { giveUpWaiting, NOBODY_WAITS, type ExitAgent, type Opener, type Waiting } from "./exit-agent.ts";
import type { Exchange } from "./exchange.ts";
import { insideParser } from "./parser-depth.ts";

/**
 * Where a leg stands.
 *
 * - `running`: no answer yet.
 * - `peeking`: the head is here; what the classifier wants to see of the body is not.
 * - `held`: an answer that may be delivered when nothing better comes; paused.
 * - `won`: its answer is the caller's.
 * - `draining`: its answer was dropped; the rest flows by so that the connection can be kept.
 * - `over`: nothing that undici may still say matters.
 */
export type LegState = "running" | "peeking" | "held" | "won" | "draining" | "over";

/**
 * A leg on its way to a connection: handed to the exit's agent, and given up there although undici has no word for that
 * before it has a connection. Plain fields: one of these is made for each attempt, and private ones cost it a quarter of the whole.
 */
export abstract class ConnectingLeg implements Opener {
  readonly exchange: Exchange;
  readonly leg: Leg;
  readonly agent: ExitAgent;
  state: LegState = "running";
  /** undici has begun to write the request. */
  started = false;
  connect: AbortConnect | undefined = undefined;
  private waiting: Waiting | undefined;
  private left = false;

  constructor(exchange: Exchange, leg: Leg, agent: ExitAgent, waiting: Waiting | undefined) {
    this.exchange = exchange;
    this.leg = leg;
    this.agent = agent;
    this.waiting = waiting;
    if (waiting !== undefined) waiting.legs++;
  }

  protected abstract failed(error: unknown): void;

  /** Not from within a parser's callback: reading another connection there would enter the parser a second time. */
  send(): void {
    if (insideParser()) queueMicrotask(() => this.sendNow());
    else this.sendNow();
  }

  private sendNow(): void {
    if (this.state !== "running") return;
    const { agent } = this;
    const outer = agent.opener;
    // undici opens connections from within: the first one is for us.
    agent.opener = this;
    try {
      agent.dispatcher.dispatch(this.exchange.innerOptions as never, this as never);
    } catch (error) {
      this.failed(error);
    }
    agent.opener = outer;
  }

  /**
   * Another request's connection was given up, and undici had queued this one behind it, as agents with a limit of
   * connections do. Nothing of it was sent: it is asked for again.
   */
  protected sendsAgain(error: unknown): boolean {
    if (error !== NOBODY_WAITS || this.state !== "running" || this.started) return false;
    this.connect = undefined;
    queueMicrotask(() => this.sendNow());
    return true;
  }

  /** undici has a connection and begins to write. May come again: HTTP/2 repeats what a server has not looked at. */
  protected began(): void {
    // Thrown rather than aborted: undici then drops the request and keeps the connection for the next one.
    if (this.state === "over") throw NOBODY_WAITS;
    this.started = true;
    if (this.waiting === undefined) return;
    this.waiting.legs--;
    this.waiting = undefined;
  }

  /** Nobody waits for its connection any more; it is given up unless another leg may be meant by it. */
  protected giveUpConnection(): void {
    this.connect?.(NOBODY_WAITS);
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting !== undefined) giveUpWaiting(waiting);
  }

  /** undici is done with it: the exit's agent may be closed when no other leg needs it. */
  protected leave(): void {
    if (this.left) return;
    this.left = true;
    if (this.waiting !== undefined) {
      this.waiting.legs--;
      this.waiting = undefined;
    }
    this.exchange.sender.left(this.agent);
  }
}
