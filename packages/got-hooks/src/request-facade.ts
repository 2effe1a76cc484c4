import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Attempts } from "./attempts.ts";
import { hangUp } from "./errors.ts";
import type { BodyChunk, WriteCallback } from "./outgoing-body.ts";
import { RequestShape } from "./request-shape.ts";

/**
 * What got holds in its hands: in shape and conduct one `http.ClientRequest`, with any number of attempts behind it.
 *
 * It tells got each thing once, and tells it of its end only by events. The callbacks of `end` wait for "finish", as Node's
 * do, and those of `write` never bring an error before got itself has let go: got forwards such an error to its own stream,
 * which then counts as having failed, and when a retry is being prepared at that moment, and the caller's signal is aborted,
 * nobody is ever told (got 14: the promise stays pending).
 */
export class RequestFacade extends RequestShape<Attempts> {
  /** What it will say, or has said, of its end; and whether that is only what Node says of every request that was destroyed. */
  #end: Error | undefined;
  #implied = false;
  #ending: "no" | "scheduled" | "told" = "no";
  #hadSocket = false;

  constructor(attempts: Attempts) {
    super(attempts);
    const { call } = attempts;
    if (call.callback !== undefined) this.once("response", call.callback);
    attempts.attach(this);
  }

  write(chunk: BodyChunk, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    const done = typeof encoding === "function" ? encoding : callback;
    if (this.destroyed || this.writableEnded) return this.#refuse(done);
    return this.works.write(chunk, typeof encoding === "function" ? undefined : encoding, done);
  }

  end(chunk?: BodyChunk | WriteCallback | null, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): this {
    const done = typeof chunk === "function" ? chunk : typeof encoding === "function" ? encoding : callback;
    if (this.writableEnded) {
      if (done !== undefined) process.nextTick(done, Object.assign(new Error("Cannot call end after a stream was finished"), { code: "ERR_STREAM_ALREADY_FINISHED" }));
      return this;
    }
    if (chunk !== undefined && chunk !== null && typeof chunk !== "function") this.write(chunk, typeof encoding === "function" ? undefined : encoding);
    if (done !== undefined) this.once("finish", done);
    this.writableEnded = true;
    if (!this.destroyed) this.works.end();
    return this;
  }

  /** Every attempt, and waiting for one, ends here. */
  destroy(error?: Error): this {
    if (this.destroyed) {
      this.#destroyAgain(error);
      return this;
    }
    this.destroyed = true;
    this.#ending = "scheduled";
    // As Node: who is given an answer is told by the answer, everybody else by the request.
    this.#end = error ?? (this.res === null ? hangUp() : undefined);
    this.#implied = error === undefined;
    this.errored = this.#end ?? null;
    this.works.abandon(error);
    process.nextTick(tellEnd, this);
    return this;
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    process.nextTick(() => this.emit("abort"));
    this.destroy();
  }

  setTimeout(ms: number, listener?: () => void): this {
    this.timeout = ms;
    if (listener !== undefined) this.once("timeout", listener);
    this.works.setIdleTimeout(ms);
    return this;
  }

  // What the attempts tell.

  /** @internal The first connection that stands. */
  gotSocket(socket: Socket, reused: boolean): void {
    if (this.destroyed || this.res !== null) return;
    // That of a leg which has failed is of no use to anybody.
    if (this.socket !== null && !this.socket.destroyed) return;
    this.socket = socket;
    this.reusedSocket = reused;
    this.#tellSocket(socket);
  }

  /** @internal */
  respond(request: ClientRequest, response: IncomingMessage): void {
    if (this.destroyed) return;
    this.res = response;
    this.socket = request.socket as Socket;
    this.reusedSocket = request.reusedSocket;
    this.#tellSocket(this.socket);
    if (!this.emit("response", response)) response.resume();
  }

  /** @internal */
  upgrade(event: "upgrade" | "connect", response: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.destroyed) return void socket.destroy();
    this.res = response;
    if (!this.emit(event, response, socket, head)) socket.destroy();
  }

  /** @internal The body has left whole. */
  finish(): void {
    if (this.writableFinished || this.destroyed) return;
    this.writableFinished = true;
    this.emit("finish");
  }

  /** @internal The winner's own request has closed. */
  close(): void {
    if (this.closed || this.#ending === "scheduled") return;
    this.destroyed = true;
    this.#ending = "told";
    this.closed = true;
    this.emit("close");
  }

  /** @internal */
  tellEnd(): void {
    const error = this.#end;
    if (error !== undefined) this.emit("error", error);
    this.#ending = "told";
    if (this.closed) return;
    this.closed = true;
    this.emit("close");
  }

  #tellSocket(socket: Socket): void {
    if (this.#hadSocket) return;
    this.#hadSocket = true;
    this.emit("socket", socket);
  }

  #destroyAgain(error: Error | undefined): void {
    switch (this.#ending) {
      case "scheduled":
        // Nobody has been told yet: an error that says why is better than none, whichever call brought it.
        if (error === undefined || !this.#implied) return;
        this.#implied = false;
        this.#end = this.errored = error;
        return;
      case "told":
        // The second time is when got's own stream goes; from then on it takes errors of writes for what they are.
        return this.works.failWrites(this.#end);
      case "no":
        return;
      default:
        throw new TypeError(`Unknown state ${String(this.#ending satisfies never)}.`);
    }
  }

  #refuse(done: WriteCallback | undefined): false {
    const error = this.destroyed
      ? Object.assign(new Error("Cannot call write after a stream was destroyed"), { code: "ERR_STREAM_DESTROYED" })
      : Object.assign(new Error("write after end"), { code: "ERR_STREAM_WRITE_AFTER_END" });
    if (done !== undefined) process.nextTick(done, error);
    if (!this.destroyed) this.destroy(error);
    return false;
  }
}

function tellEnd(facade: RequestFacade): void {
  facade.tellEnd();
}
