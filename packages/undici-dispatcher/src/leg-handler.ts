import type { Duplex } from "node:stream";
import type { Leg, ResponseInfo } from "@multihome/core";
import { isUnsent } from "@multihome/core/connect";
import { ConnectingLeg } from "./connecting-leg.ts";
import { isCallersOwn } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { NOBODY_WAITS, type ExitAgent, type Waiting } from "./exit-agent.ts";
import { KeptBody, tellsSoon } from "./kept-body.ts";
import { enterParser, leaveParser } from "./parser-depth.ts";
import type { Headers, RawHeaders } from "./undici.ts";

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
  private drained = 0;
  /** The body has come whole, whoever has seen it. */
  private ended = false;
  /** The caller is being told something right now; what he does in answer to it must not overtake it. */
  private handingOn = false;
  private socket: Duplex | undefined = undefined;

  // See the dialects' own.
  constructor(exchange: Exchange, leg: Leg, agent: ExitAgent, waiting: Waiting | undefined) {
    super(exchange, leg, agent, waiting);
  }

  /** A header of the answer, several of one name joined. */
  abstract header(name: string): string | undefined;
  abstract parsedHeaders(): Headers;
  abstract parsedTrailers(): Headers;
  abstract pauseBody(): void;
  protected abstract resumeBody(): void;
  protected abstract abortExchange(reason: unknown): void;

  // ── undici's reports ───────────────────────────────────────────────────────────────────────────────────────────────

  protected head(status: number, statusText: string | undefined): void {
    if (this.state !== "running") return;
    if (status < 200) {
      if (this.exchange.single) this.exchange.tellInformation(this, status, statusText);
      return;
    }
    this.status = status;
    this.statusText = statusText;
    if (this.leg.peekAt(status) !== "none" && !this.exchange.bodiless && tellsSoon(status, this.header("content-type"))) {
      this.state = "peeking";
      this.kept = new KeptBody();
    } else {
      this.decide(undefined);
    }
  }

  protected data(chunk: Buffer): void {
    const { state } = this;
    if (state === "won" && this.kept === undefined) {
      this.leg.progress();
      this.exchange.tellData(chunk);
    } else if (state === "won" || state === "held") {
      this.keep(chunk);
    } else if (state === "peeking") {
      if (!this.keep(chunk) && this.leg.peekAt(this.status) === "full") return;
      this.body = this.kept?.joined();
      this.decide(undefined);
    } else if (state === "draining") {
      this.drained += chunk.length;
      if (this.drained > MOST_DRAINED_BYTES) this.giveUp();
    }
  }

  protected end(): void {
    this.ended = true;
    const { state } = this;
    // Held, or not all of it taken yet: its end comes when it is handed on.
    if (state === "held" || (state === "won" && this.kept !== undefined)) return;
    if (state === "won") {
      this.finish();
    } else if (state === "peeking") {
      this.body = this.kept?.joined();
      this.complete = true;
      this.decide(undefined);
    } else {
      this.state = "over";
      this.leave();
    }
  }

  protected failed(error: unknown): void {
    if (this.sendsAgain(error)) return;
    this.leave();
    switch (this.state) {
      case "running":
        if (isCallersOwn(error)) return this.endByCaller(error);
        this.state = "over";
        enterParser();
        this.leg.fail(error, this.started && !isUnsent(error));
        leaveParser();
        return;
      case "peeking":
        if (isCallersOwn(error)) {
          // There is a head, which the caller would have had by now if we had not waited for more.
          this.exchange.tellHead(this, this.status, this.statusText);
          return this.endByCaller(error);
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
    this.status = status;
    const running = this.state === "running";
    if (!running || this.respond() !== "deliver") {
      this.state = "over";
      if (running) this.endLeg(undefined);
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

  // ── the exchange's wishes ──────────────────────────────────────────────────────────────────────────────────────────

  /** The answer that was held is the caller's after all. */
  promote(): void {
    if (this.state !== "held") return;
    this.win(undefined);
    if (!this.isOver() && !this.exchange.paused) this.resumeBody();
  }

  /** The caller wants to read on. */
  resume(): void {
    if (this.handingOn) return;
    if (this.kept !== undefined || this.ended) this.handOn();
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
    if (this.socket !== undefined) this.socket.destroy();
    else if (!this.started) this.giveUpConnection();
    else if (state !== "over") this.abortExchange(reason);
    this.leave();
  }

  // ── what becomes of the answer ─────────────────────────────────────────────────────────────────────────────────────

  /** @param cut why the body has ended before its end */
  private decide(cut: unknown): void {
    switch (this.respond()) {
      case "deliver":
        this.win(cut);
        return;
      case "hold":
        this.state = "held";
        if (cut !== undefined) this.failed(cut);
        else if (!this.ended) this.pauseBody();
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
      this.kept?.handOn(exchange, this.leg, true);
      if (!this.isOver()) exchange.cutLater(this, cut);
      return;
    }
    if (this.kept !== undefined || this.ended) this.handOn();
    if (exchange.paused && !this.isOver()) this.pauseBody();
  }

  /** What was kept, as long as the caller takes it. The end comes with the last piece, unless he paused over that. */
  private handOn(): void {
    const { exchange } = this;
    this.handingOn = true;
    const all = this.kept?.handOn(exchange, this.leg, false) ?? true;
    this.handingOn = false;
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

  cut(error: unknown): void {
    if (isCallersOwn(error)) return this.endByCaller(error);
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

  private endByCaller(error: unknown): void {
    this.exchange.abort(error);
    // The core stops us in answer to that, unless it is still inside `drive`.
    this.giveUp();
    this.leg.release();
  }

  private endLeg(error: unknown): void {
    enterParser();
    this.leg.end(error);
    leaveParser();
  }

  private keep(chunk: Buffer): boolean {
    return (this.kept ??= new KeptBody()).add(chunk);
  }

  private discard(): void {
    this.kept?.discard();
    this.kept = undefined;
  }

  private isOver(): boolean {
    return this.state === "over";
  }
}
