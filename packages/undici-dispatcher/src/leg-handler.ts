import type { Duplex } from "node:stream";
import type { Leg, ResponseInfo } from "@multihome/core";
import { isUnsent } from "@multihome/core/connect";
import type { AbortConnect } from "@multihome/core/connect";
import { isCallersOwn } from "./errors.ts";
import { giveUpWaiting, NOBODY_WAITS, type ExitAgent, type Opener, type Waiting } from "./exit-agent.ts";
import type { Exchange } from "./exchange.ts";
import { enterParser, insideParser, leaveParser } from "./parser-depth.ts";
import type { Headers, RawHeaders } from "./undici.ts";

/** So much of a body is kept for a classifier that wants to see all of it. */
const MOST_PEEKED_BYTES = 10 * 1_048_576;

/** So much of a refusal's body is read to its end, to keep the connection: a new one costs more than these bytes. */
const MOST_DRAINED_BYTES = 65_536;

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
 * One exchange through one exit: what undici reports, told to the core, and to the caller if it won. How undici talks to it
 * depends on the dialect (`leg-dialects.ts`). It is also what the core looks at to judge the answer. Plain fields: one of
 * these is made for each attempt, and private ones cost it a quarter of the whole.
 */
export abstract class LegHandler implements ResponseInfo, Opener {
  readonly exchange: Exchange;
  readonly leg: Leg;
  readonly agent: ExitAgent;
  state: LegState = "running";
  /** undici has begun to write the request. */
  started = false;
  status = 0;
  body: Uint8Array | undefined = undefined;
  complete: boolean | undefined = undefined;
  rawHeaders: RawHeaders = undefined;
  rawTrailers: RawHeaders = undefined;
  connect: AbortConnect | undefined = undefined;
  private statusText: string | undefined = undefined;
  private waiting: Waiting | undefined;
  /** Pieces of the body that have not been handed on yet. */
  private kept: Buffer[] | undefined = undefined;
  private bytes = 0;
  private ended = false;
  private handingOn = false;
  private left = false;
  private socket: Duplex | undefined = undefined;

  constructor(exchange: Exchange, leg: Leg, agent: ExitAgent, waiting: Waiting | undefined) {
    this.exchange = exchange;
    this.leg = leg;
    this.agent = agent;
    this.waiting = waiting;
    if (waiting !== undefined) waiting.legs++;
  }

  /** A header of the answer, several of one name joined. */
  abstract header(name: string): string | undefined;
  abstract parsedHeaders(): Headers;
  abstract parsedTrailers(): Headers;
  abstract pauseBody(): void;
  protected abstract resumeBody(): void;
  protected abstract abortExchange(reason: unknown): void;

  /** Hands the request to the exit's agent. Not from within a parser's callback: reading another connection there would enter the parser a second time. */
  send(): void {
    if (insideParser()) queueMicrotask(() => this.sendNow());
    else this.sendNow();
  }

  private sendNow(): void {
    if (this.state !== "running") return;
    const { agent } = this;
    const outer = agent.opener;
    agent.opener = this;
    try {
      agent.dispatcher.dispatch(this.exchange.innerOptions as never, this as never);
    } catch (error) {
      this.failed(error);
    } finally {
      agent.opener = outer;
    }
  }

  /** undici has a connection and begins to write. May come again: HTTP/2 repeats what a server has not looked at. */
  protected began(): void {
    // Thrown rather than aborted: undici then drops the request and keeps the connection for the next one.
    if (this.state === "over") throw NOBODY_WAITS;
    this.started = true;
    if (this.waiting !== undefined) {
      this.waiting.legs--;
      this.waiting = undefined;
    }
  }

  protected head(status: number, statusText: string | undefined): void {
    if (status < 200) {
      if (this.state === "running" && this.exchange.single) this.exchange.tellInformation(this, status, statusText);
      return;
    }
    if (this.state !== "running") return;
    this.status = status;
    this.statusText = statusText;
    const { peek } = this.leg;
    if (peek !== "none" && this.hasBody()) {
      this.state = "peeking";
      this.kept = [];
    } else {
      this.decide(undefined);
    }
  }

  protected data(chunk: Buffer): void {
    switch (this.state) {
      case "won":
        if (this.kept === undefined) {
          this.leg.progress();
          this.exchange.tellData(chunk);
        } else {
          this.kept.push(chunk);
        }
        return;
      case "peeking":
        this.keep(chunk);
        if (this.leg.peek === "full" && this.bytes < MOST_PEEKED_BYTES) return;
        this.body = this.joined();
        this.decide(undefined);
        return;
      case "held":
        this.keep(chunk);
        return;
      case "draining":
        this.bytes += chunk.length;
        if (this.bytes > MOST_DRAINED_BYTES) this.giveUp();
        return;
      case "running":
      case "over":
        return;
      default:
        this.state satisfies never;
    }
  }

  protected end(): void {
    this.ended = true;
    switch (this.state) {
      case "won":
        if (this.kept === undefined) this.finish();
        return;
      case "peeking":
        this.body = this.joined();
        this.complete = true;
        this.decide(undefined);
        return;
      case "held":
        return;
      case "draining":
      case "running":
      case "over":
        this.state = "over";
        this.leave();
        return;
      default:
        this.state satisfies never;
    }
  }

  protected failed(error: unknown): void {
    this.leave();
    switch (this.state) {
      case "running":
        if (isCallersOwn(error)) {
          this.callersOwn(error);
          return;
        }
        this.state = "over";
        enterParser();
        this.leg.fail(error, this.started && !isUnsent(error));
        leaveParser();
        return;
      case "peeking":
        if (isCallersOwn(error)) {
          // There is a head, which the caller would have had by now if we had not waited for more.
          this.exchange.tellHead(this, this.status, this.statusText);
          this.callersOwn(error);
          return;
        }
        this.body = this.joined();
        this.complete = false;
        this.decide(error);
        return;
      case "held":
        this.state = "over";
        this.endLeg(error);
        return;
      case "won":
        this.cut(error);
        return;
      case "draining":
      case "over":
        this.state = "over";
        return;
      default:
        this.state satisfies never;
    }
  }

  /** The connection is the caller's from now on; its exit is in use as long as it is open. */
  protected upgraded(status: number, socket: Duplex): void {
    if (this.state !== "running") {
      socket.destroy();
      this.leave();
      return;
    }
    this.status = status;
    if (this.respond() !== "deliver") {
      this.state = "over";
      this.endLeg(undefined);
      socket.destroy();
      this.leave();
      return;
    }
    this.state = "won";
    this.socket = socket;
    socket.once("close", () => {
      this.state = "over";
      this.leave();
      this.endLeg(undefined);
    });
    this.exchange.tellUpgrade(this, status, socket);
  }

  /** The answer that was held is the caller's after all. */
  promote(): void {
    if (this.state !== "held") return;
    this.win(undefined);
    if (!this.isOver() && !this.exchange.paused) this.resumeBody();
  }

  /** The caller wants to read on. */
  resume(): void {
    if (this.handingOn) return;
    if (this.kept !== undefined) this.handOn();
    if (this.state === "won" && !this.exchange.paused) this.resumeBody();
  }

  /** The core has no use for it any more. */
  stop(reason: unknown): void {
    const sent = this.started;
    this.giveUp(reason);
    // Nothing was written: what was reserved for it is given back.
    if (!sent) this.leg.fail(reason, false);
    this.leg.release();
  }

  /** Ends the exchange, whatever it is doing, and closes its connection. */
  giveUp(reason: unknown = NOBODY_WAITS): void {
    const { state } = this;
    this.state = "over";
    this.kept = undefined;
    if (this.socket !== undefined) {
      this.socket.destroy();
    } else if (this.started) {
      if (state !== "over") this.abortExchange(reason);
    } else {
      this.connect?.(NOBODY_WAITS);
      this.stopWaiting();
    }
    this.leave();
  }

  private callersOwn(error: unknown): void {
    this.exchange.abort(error);
    // The core stops us in answer to that, unless it is still inside `drive`.
    this.giveUp();
    this.leg.release();
  }

  /** @param cut why the body has ended already */
  private decide(cut: unknown): void {
    switch (this.respond()) {
      case "deliver":
        this.win(cut);
        return;
      case "hold":
        if (cut !== undefined) {
          this.state = "over";
          this.endLeg(cut);
          return;
        }
        this.state = "held";
        if (!this.ended) this.pauseBody();
        return;
      case "drop":
        this.drop(cut);
    }
  }

  private respond(): "deliver" | "hold" | "drop" {
    enterParser();
    const decision = this.leg.respond(this);
    leaveParser();
    return decision;
  }

  private win(cut: unknown): void {
    const { exchange } = this;
    this.state = "won";
    this.handingOn = true;
    exchange.tellHead(this, this.status, this.statusText);
    this.handingOn = false;
    // The caller may have ended it in answer to its head.
    if (this.isOver()) return;
    if (cut !== undefined) {
      for (const chunk of this.kept ?? []) exchange.tellData(chunk);
      if (!this.isOver()) this.cut(cut);
      return;
    }
    if (this.kept !== undefined || this.ended) this.handOn();
    if (exchange.paused && !this.isOver()) this.pauseBody();
  }

  /** What was kept, as long as the caller takes it. */
  private handOn(): void {
    const kept = (this.kept ??= []);
    const { exchange, leg } = this;
    this.handingOn = true;
    let next = 0;
    while (next < kept.length && !exchange.paused && this.kept === kept) {
      leg.progress();
      exchange.tellData(kept[next++]);
    }
    this.handingOn = false;
    if (this.kept !== kept) return;
    kept.splice(0, next);
    if (kept.length > 0) return;
    // The end comes with the last piece, unless the caller paused over it.
    if (exchange.paused && this.ended) return;
    this.kept = undefined;
    if (this.ended) this.finish();
  }

  private finish(): void {
    this.state = "over";
    this.leave();
    this.endLeg(undefined);
    this.exchange.tellEnd(this);
  }

  private cut(error: unknown): void {
    if (isCallersOwn(error)) {
      this.callersOwn(error);
      return;
    }
    this.state = "over";
    this.kept = undefined;
    this.endLeg(error);
    this.exchange.tellCut(error);
  }

  private drop(cut: unknown): void {
    this.kept = undefined;
    this.bytes = 0;
    this.endLeg(cut);
    if (this.ended || cut !== undefined) {
      this.state = "over";
      this.leave();
    } else if (Number(this.header("content-length") ?? 0) > MOST_DRAINED_BYTES) {
      this.giveUp();
    } else {
      this.state = "draining";
      this.exchange.drain(this);
    }
  }

  private endLeg(error: unknown): void {
    enterParser();
    this.leg.end(error);
    leaveParser();
  }

  private keep(chunk: Buffer): void {
    (this.kept ??= []).push(chunk);
    this.bytes += chunk.length;
  }

  private joined(): Buffer {
    const kept = this.kept ?? [];
    return kept.length === 1 ? kept[0] : Buffer.concat(kept);
  }

  /** Event streams may be silent for minutes after their head. */
  private hasBody(): boolean {
    if (this.exchange.bodiless || this.status === 204 || this.status === 304) return false;
    return !/^text\/event-stream/i.test(this.header("content-type") ?? "");
  }

  private isOver(): boolean {
    return this.state === "over";
  }

  private stopWaiting(): void {
    const waiting = this.waiting;
    if (waiting === undefined) return;
    this.waiting = undefined;
    giveUpWaiting(waiting);
  }

  private leave(): void {
    if (this.left) return;
    this.left = true;
    if (this.waiting !== undefined) {
      this.waiting.legs--;
      this.waiting = undefined;
    }
    this.exchange.sender.left(this.agent);
  }
}
