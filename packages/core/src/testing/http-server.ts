import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { isIP } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { serverTls } from "./certificates.ts";
import type { ServerTls } from "./certificates.ts";
import { ANSWERS } from "./http/answers.ts";
import { answerSeen, openHttpExchange } from "./http/http-exchange.ts";
import type { Behaviour } from "./http/http-exchange.ts";
import { MISBEHAVIOURS } from "./http/misbehaviours.ts";
import { Recorder } from "./http/recorder.ts";
import type { SeenRequest } from "./http/seen.ts";
import { listen } from "./listener.ts";

/** Answers by itself, or `false`: the server's own behaviours shall. */
export type HttpServerHandler = (request: IncomingMessage, response: ServerResponse, seen: SeenRequest) => unknown;

export interface HttpServerOptions {
  /** @default "127.0.0.1" */
  host?: string;
  /** @default 0: the system chooses */
  port?: number;
  /** PEM texts: answers over TLS. */
  tls?: ServerTls;
  /** How long an idle connection is kept, in milliseconds. @default 120_000: longer than any client does */
  keepAliveTimeoutMs?: number;
}

/** An HTTP server that behaves by path, and keeps what it saw. */
export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** Without a slash at its end. */
  readonly url: string;
  /** Every request whose head has arrived, in that order. */
  readonly seen: readonly SeenRequest[];
  /** Connections that are open. */
  readonly sockets: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Requests whose exchange has not ended. */
  readonly live: number;
  /** The most that ever were live together. */
  readonly highWater: number;
  /** Forgets what was seen. Exchanges that are live stay live. */
  reset(): void;
  /** Destroys the connections that are open; goes on listening. */
  dropConnections(): void;
  close(): Promise<void>;
}

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = { ...ANSWERS, ...MISBEHAVIOURS };

/**
 * The first part of a path names what happens: `/status/503`, `/delay/200`, `/cut?bytes=10`, … (`http/answers.ts` and
 * `http/misbehaviours.ts`); every other path is answered with what was seen, as JSON. Upgrades are answered with 101 and
 * echo from then on.
 */
export async function startHttpServer(handler?: HttpServerHandler, options: HttpServerOptions = {}): Promise<HttpServer> {
  const { host = "127.0.0.1", tls } = options;
  const settings = { keepAliveTimeout: options.keepAliveTimeoutMs ?? 120_000, requestTimeout: 0 };
  const server = tls === undefined ? createHttpServer(settings) : createHttpsServer({ ...settings, ...serverTls(tls) });
  const connections = new WeakMap<Socket, number>();
  const recorders = new Set<Recorder>();
  let seen: SeenRequest[] = [];
  let turns = new Map<string, number>();
  let requests = 0;
  let connectionCount = 0;
  let live = 0;
  let highWater = 0;

  function record(request: IncomingMessage, reading: boolean): Recorder {
    const { socket } = request;
    let connection = connections.get(socket);
    if (connection === undefined) connections.set(socket, (connection = ++connectionCount));
    const recorder = new Recorder(request, { id: ++requests, connection }, reading, () => {
      live -= 1;
      recorders.delete(recorder);
    });
    recorders.add(recorder);
    seen.push(recorder.seen);
    live += 1;
    highWater = Math.max(highWater, live);
    return recorder;
  }

  function dropConnections(): void {
    for (const recorder of recorders) recorder.endedByUs = true;
    for (const socket of listener.sockets) socket.destroy();
  }

  async function onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A handler of the user's may listen for "data" as it always does; our own behaviours say when they read.
    const recorder = record(request, handler !== undefined);
    const { seen: entry } = recorder;
    const turn = turns.get(entry.url) ?? 0;
    turns.set(entry.url, turn + 1);
    const exchange = openHttpExchange(request, response, recorder, turn);
    try {
      if (handler !== undefined && (await handler(request, response, entry)) !== false) return;
      const [, name] = entry.path.split("/", 2);
      await (Object.hasOwn(BEHAVIOURS, name) ? BEHAVIOURS[name](exchange) : answerSeen(exchange));
    } catch (error) {
      // A body that was cut has no answer. Anything else is a mistake of the test's handler: shown where its author looks.
      if (response.headersSent || response.destroyed) response.destroy();
      else response.writeHead(500, { "content-type": "text/plain", connection: "close" }).end(String(error));
    }
  }

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const recorder = record(request, true);
    socket.once("close", () => recorder.end(true));
    socket.on("error", () => undefined);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${request.headers.upgrade ?? "echo"}\r\nConnection: Upgrade\r\nX-Address: ${recorder.seen.address}\r\n\r\n`);
    if (head.length > 0) socket.write(head);
    socket.pipe(socket);
  }

  server.on("request", (request, response) => void onRequest(request, response));
  server.on("upgrade", onUpgrade);
  server.on("clientError", (_error, socket) => socket.destroy());
  const listener = await listen(server, host, options.port ?? 0);
  return {
    host,
    port: listener.port,
    url: `${tls === undefined ? "http" : "https"}://${isIP(host) === 6 ? `[${host}]` : host}:${listener.port}`,
    get seen() {
      return seen;
    },
    get sockets() {
      return listener.sockets.size;
    },
    get accepted() {
      return listener.accepted;
    },
    get live() {
      return live;
    },
    get highWater() {
      return highWater;
    },
    reset() {
      seen = [];
      turns = new Map();
      highWater = live;
    },
    dropConnections,
    close() {
      dropConnections();
      return listener.close();
    },
  };
}
