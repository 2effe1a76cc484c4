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
 * One exchange through one exit: what undici reports, told to the core, and to the caller if it won. How undici talks to it
 * depends on the dialect (`leg-dialects.ts`). It is also what the core looks at to judge the answer.
 */
export abstract class LegHandler extends ConnectingLeg implements ResponseInfo {
  status = 0;
  body: Uint8Array | undefined = undefined;
  complete: boolean | undefined = undefined;
  rawHeaders: RawHeaders = undefined;
  rawTrailers: RawHeaders = undefined;
  private statusText: string | undefined = undefined;
  private kept: KeptBody | undefined = undefined;
  /** Of what is drained. */
  private bytes = 0;
  private ended = false;
  private handingOn = false;
  private socket: Duplex | undefined = undefined;

  /** A header of the answer, several of one name joined. */
  abstract header(name: string): string | undefined;
  abstract parsedHeaders(): Headers;
  abstract parsedTrailers(): Headers;
  abstract pauseBody(): void;
  protected abstract resumeBody(): void;
  protected abstract abortExchange(reason: unknown): void;

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
      this.kept = new KeptBody();
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
          this.kept.add(chunk);
        }
        return;
      case "peeking":
        this.kept?.add(chunk);
        if (this.leg.peek === "full" && (this.kept?.bytes ?? 0) < MOST_PEEKED_BYTES) return;
        this.body = this.kept?.joined();
        this.decide(undefined);
        return;
      case "held":
        (this.kept ??= new KeptBody()).add(chunk);
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
        this.body = this.kept?.joined();
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
    if (this.sendsAgain(error)) return;
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
        this.body = this.kept?.joined();
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
    this.discard();
    if (this.socket !== undefined) {
      this.socket.destroy();
    } else if (this.started) {
      if (state !== "over") this.abortExchange(reason);
    } else {
      this.giveUpConnection();
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
      this.kept?.handOn(this.take, () => true);
      if (!this.isOver()) this.cut(cut);
      return;
    }
    if (this.kept !== undefined || this.ended) this.handOn();
    if (exchange.paused && !this.isOver()) this.pauseBody();
  }

  /** What was kept, as long as the caller takes it. */
  private handOn(): void {
    const { exchange } = this;
    this.handingOn = true;
    const all = this.kept?.handOn(this.take, this.wanted) ?? true;
    this.handingOn = false;
    // The end comes with the last piece, unless the caller paused over it.
    if (this.isOver() || !all || (exchange.paused && this.ended)) return;
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
    this.discard();
    this.endLeg(error);
    this.exchange.tellCut(error);
  }

  private drop(cut: unknown): void {
    this.discard();
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

  /** Event streams may be silent for minutes after their head. */
  private hasBody(): boolean {
    if (this.exchange.bodiless || this.status === 204 || this.status === 304) return false;
    return !/^text\/event-stream/i.test(this.header("content-type") ?? "");
  }

  private isOver(): boolean {
    return this.state === "over";
  }

  private discard(): void {
    this.kept?.discard();
    this.kept = undefined;
  }
}
