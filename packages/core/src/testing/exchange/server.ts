import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { isIP } from "node:net";
import { serverTls } from "../certificates.ts";
import type { ServerTls } from "../certificates.ts";
import { listen } from "../listener.ts";
import type { Listener } from "../listener.ts";
import { createExchangeCore } from "./core.ts";
import type { ExchangeCore } from "./core.ts";
import type { ExchangeOptions } from "./options.ts";

/** A client that sends more than that is answered with 413: no request of an exchange comes near it. */
const BODY_BYTES_MAX = 1_048_576;

export interface ExchangeServerOptions extends ExchangeOptions {
  /** Addresses to listen on, all on one port. @default ["127.0.0.1"] */
  hosts?: readonly string[];
  /** @default 0: the system chooses */
  port?: number;
  /** PEM texts: answers over TLS. */
  tls?: ServerTls;
  /** Round trip in milliseconds: half of it passes before a request is counted, half after. @default 0 */
  latencyMs?: number;
  /** Up to that much more by chance, each half by itself. @default 0 */
  jitterMs?: number;
  /** @default Math.random */
  random?: () => number;
}

/** The exchange on real sockets: limits by the source address that it sees. */
export interface Exchange extends Omit<ExchangeCore, "handle"> {
  readonly port: number;
  /** Without a slash at its end; of the first of `hosts`. */
  readonly url: string;
  /** One for each of `hosts`. */
  readonly urls: readonly string[];
  /** Connections that are open. */
  readonly connections: number;
  close(): Promise<void>;
}

export async function startExchange(options: ExchangeServerOptions = {}): Promise<Exchange> {
  const { hosts = ["127.0.0.1"], latencyMs = 0, jitterMs = 0, random = Math.random, tls } = options;
  const core = createExchangeCore(options);
  const timers = new Set<NodeJS.Timeout>();

  function later(run: () => void): void {
    const ms = latencyMs / 2 + (random() * jitterMs) / 2;
    if (ms <= 0) return run();
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
  }

  function serve(request: IncomingMessage, response: ServerResponse, address: string, body: string): void {
    const { method = "GET", url = "/", headers } = request;
    const [path, query = ""] = url.split(/\?(.*)/s);
    // A client that has gone meanwhile is counted all the same: its request was on the way.
    later(() => {
      const answer = core.handle({ address, method, path, query, headers, body });
      later(() => {
        if (response.destroyed) return;
        response.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) });
        response.end(method === "HEAD" ? undefined : answer.body);
      });
    });
  }

  const onRequest: RequestListener = (request, response) => {
    // Read now: a socket that has closed no longer knows whose it was.
    const address = plainAddress(request.socket.remoteAddress ?? "");
    if (request.headers["content-length"] === undefined && request.headers["transfer-encoding"] === undefined) {
      request.resume();
      return serve(request, response, address, "");
    }
    readBody(request).then(
      (body) => (body === undefined ? response.writeHead(413, { connection: "close" }).end() : serve(request, response, address, body)),
      () => response.destroy(),
    );
  };

  const listeners = await listenOnAll(hosts, options.port ?? 0, () => makeServer(onRequest, tls));
  const { port } = listeners[0];
  const urls = hosts.map((host) => `${tls === undefined ? "http" : "https"}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`);
  const { handle: _handle, ...judge } = core;
  return {
    ...judge,
    port,
    url: urls[0],
    urls,
    get connections() {
      return listeners.reduce((sum, listener) => sum + listener.sockets.size, 0);
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

/** One port for all hosts: where the one that the system chose for the first is taken on another, it is asked again. */
async function listenOnAll(hosts: readonly string[], port: number, make: () => Server, triesLeft = 5): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const host of hosts) listeners.push(await listen(make(), host, listeners[0]?.port ?? port));
    return listeners;
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    if (!taken || port !== 0 || triesLeft === 0) throw error;
    return listenOnAll(hosts, port, make, triesLeft - 1);
  }
}

function makeServer(onRequest: RequestListener, tls: ExchangeServerOptions["tls"]): Server {
  // Longer than any client keeps an idle connection: a request must never meet our own closing.
  const settings = { keepAliveTimeout: 120_000 };
  return tls === undefined ? createHttpServer(settings, onRequest) : createHttpsServer({ ...settings, ...serverTls(tls) }, onRequest);
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** IPv4 as such, also on a socket that speaks IPv6. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/, "");
}
