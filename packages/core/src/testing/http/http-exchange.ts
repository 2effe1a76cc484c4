import type { IncomingMessage, ServerResponse } from "node:http";
import { resetAfterRead } from "../socket-reset.ts";
import type { Recorder } from "./recorder.ts";
import type { SeenRequest } from "./seen.ts";

/** One request and its answer, for a behaviour to act on. */
export interface HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly seen: SeenRequest;
  readonly query: URLSearchParams;
  /** What follows the behaviour's name in the path. */
  readonly argument: string;
  /** How often this very URL was asked for before. */
  readonly turn: number;
  /** The whole body, once it has arrived; rejects when it is cut. Reads the request. */
  body(): Promise<Buffer>;
  /** Runs once after `ms`, unless the exchange has ended. */
  after(ms: number, run: () => void): void;
  /** Runs every `ms`, told how often it has run, until it answers `false` or the exchange ends. */
  every(ms: number, run: (turn: number) => boolean): void;
  /** Ends the connection from our side. */
  hangUp(how?: "close" | "reset"): void;
}

export type Behaviour = (exchange: HttpExchange) => void | Promise<void>;

/** Follows one exchange to its end: its timers go with it. */
export function openHttpExchange(request: IncomingMessage, response: ServerResponse, recorder: Recorder, turn: number): HttpExchange {
  const timers = new Set<NodeJS.Timeout>();
  const { seen } = recorder;
  const url = new URL(seen.url, "http://server");
  // A client that goes away is no event for a test server.
  response.on("error", () => undefined);
  response.once("close", () => {
    for (const timer of timers) clearTimeout(timer);
    recorder.end(response.writableFinished);
  });

  function after(ms: number, run: () => void): void {
    if (response.destroyed) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
  }

  return {
    request,
    response,
    seen,
    turn,
    query: url.searchParams,
    argument: decodeURIComponent(url.pathname.split("/").slice(2).join("/")),
    body: () => recorder.whole(),
    after,
    every(ms, run) {
      let done = 0;
      const next = (): void => {
        done += 1;
        if (run(done)) after(ms, next);
      };
      after(ms, next);
    },
    hangUp(how = "close") {
      recorder.endedByUs = true;
      if (how === "reset") resetSocket(request);
      else request.socket.destroy();
    },
  };
}

/** Only a TCP socket can be reset; the one below TLS is not to be had, and closing it is the nearest. */
function resetSocket({ socket }: IncomingMessage): void {
  if ("encrypted" in socket) socket.destroy();
  else resetAfterRead(socket);
}

/** A number of the query, or `fallback`. */
export function numberOf(exchange: HttpExchange, name: string, fallback: number): number {
  const value = Number(exchange.query.get(name) ?? fallback);
  return Number.isFinite(value) ? value : fallback;
}

/** Ends with what was seen, as JSON: the answer of every path that names no behaviour. */
export async function answerSeen(exchange: HttpExchange, status = 200, headers: Record<string, string | string[]> = {}): Promise<void> {
  await exchange.body();
  const { id, connection, address, method, url, headers: received, body } = exchange.seen;
  answerText(exchange, status, JSON.stringify({ id, connection, address, method, url, headers: received, body }), { "content-type": "application/json", ...headers });
}

export function answerText({ response }: HttpExchange, status: number, text: string | Buffer, headers: Record<string, string | string[]> = {}): void {
  // Answers of these statuses have no body, and must not announce one.
  const bodiless = status === 204 || status === 304;
  response.writeHead(status, bodiless ? headers : { "content-type": "text/plain", "content-length": Buffer.byteLength(text), ...headers });
  response.end(bodiless ? undefined : text);
}
