import http from "node:http";
import type { IncomingMessage, RequestListener } from "node:http";
import https from "node:https";
import net from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import type { TestContext } from "node:test";
import tls from "node:tls";
import type { SecureContextOptions } from "node:tls";
import { setEndpoint } from "../../src/connect/index.ts";
import type { ProxyEndpoint } from "../../src/connect/index.ts";
import type { Exit } from "../../src/model/exit.ts";

/** A listening server that knows its connections, and takes them down when the test has ended. */
export interface Running {
  readonly port: number;
  /** Connections accepted and not closed yet. */
  readonly open: ReadonlySet<Socket>;
  /** Connections accepted so far. */
  readonly accepted: number;
}

export async function run(t: TestContext, server: Server, host = "127.0.0.1"): Promise<Running> {
  const open = new Set<Socket>();
  const running = { port: 0, open, accepted: 0 };
  server.on("connection", (socket: Socket) => {
    running.accepted++;
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  running.port = (server.address() as AddressInfo).port;
  t.after(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of open) socket.destroy();
    await closed;
  });
  return running;
}

/** Tells each caller the address and port that it came from. */
export function whoami(request: IncomingMessage): string {
  return JSON.stringify({ ip: request.socket.remoteAddress, port: request.socket.remotePort, url: request.url });
}

export async function runHttp(t: TestContext, handler: RequestListener = (request, response) => response.end(whoami(request)), certificate?: SecureContextOptions): Promise<Running> {
  const server = certificate === undefined ? http.createServer(handler) : https.createServer({ cert: certificate.cert, key: certificate.key }, handler);
  server.keepAliveTimeout = 60_000;
  server.on("tlsClientError", () => {});
  return run(t, server);
}

export interface SocksOptions {
  username?: string;
  password?: string;
  /** Address to leave by. */
  leaveBy?: string;
  /** Where names lead; addresses stay as they are. */
  names?: Record<string, string>;
}

export interface Socks extends Running {
  /** Hosts asked for, as they came over the wire. */
  readonly asked: string[];
}

/** A SOCKS5 proxy that does what it should, and not more than `CONNECT`. */
export async function runSocks(t: TestContext, options: SocksOptions = {}): Promise<Socks> {
  const asked: string[] = [];
  const method = options.username === undefined ? 0 : 2;
  const server = net.createServer((client) => {
    const read = reader(client);
    void (async () => {
      const [, count] = await read(2);
      const methods = await read(count);
      if (!methods.includes(method)) return client.end(Buffer.from([5, 0xff]));
      client.write(Buffer.from([5, method]));
      if (method === 2) {
        const [, length] = await read(2);
        const username = (await read(length)).toString();
        const password = (await read((await read(1))[0])).toString();
        const right = username === options.username && password === options.password;
        client.write(Buffer.from([1, right ? 0 : 1]));
        if (!right) return client.end();
      }
      const [, , , type] = await read(4);
      const host = type === 1 ? (await read(4)).join(".") : (await read((await read(1))[0])).toString();
      const port = (await read(2)).readUInt16BE();
      asked.push(host);
      const upstream = net.connect({ host: options.names?.[host] ?? host, port, localAddress: options.leaveBy });
      join(client, upstream);
      upstream.once("connect", () => {
        client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        client.pipe(upstream).pipe(client);
      });
      return undefined;
    })().catch(() => client.destroy());
  });
  // One object: `accepted` goes on counting.
  return Object.assign(await run(t, server), { asked });
}

export interface TunnelOptions extends Omit<SocksOptions, "names"> {
  names?: Record<string, string>;
  /** Speaks TLS to its clients. */
  certificate?: SecureContextOptions;
  /** Written before the answer. */
  prelude?: string;
}

export interface Tunnel extends Running {
  readonly asked: string[];
}

/** An HTTP proxy that knows CONNECT alone. */
export async function runTunnel(t: TestContext, options: TunnelOptions = {}): Promise<Tunnel> {
  const asked: string[] = [];
  const expected = options.username === undefined ? undefined : `Basic ${Buffer.from(`${options.username}:${options.password}`).toString("base64")}`;
  const server = options.certificate === undefined ? http.createServer() : https.createServer({ cert: options.certificate.cert, key: options.certificate.key });
  server.on("tlsClientError", () => {});
  server.on("connect", (request: IncomingMessage, client: Socket) => {
    asked.push(request.url ?? "");
    if (expected !== undefined && request.headers["proxy-authorization"] !== expected) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const upstream = net.connect({ host: options.names?.[hostname] ?? hostname, port: port === "" ? 80 : Number(port), localAddress: options.leaveBy });
    join(client, upstream);
    upstream.once("connect", () => {
      client.write(`${options.prelude ?? ""}HTTP/1.1 200 Connection established\r\nX-Proxy: test\r\n\r\n`);
      client.pipe(upstream).pipe(client);
    });
  });
  return Object.assign(await run(t, server), { asked });
}

/** A server that does with each connection what `script` says. */
export function runScript(t: TestContext, script: (socket: Socket) => void): Promise<Running> {
  return run(
    t,
    net.createServer((socket) => {
      script(socket);
      socket.resume();
    }),
  );
}

export function runTlsScript(t: TestContext, certificate: SecureContextOptions, script: (socket: Socket) => void): Promise<Running> {
  const server = tls.createServer({ cert: certificate.cert, key: certificate.key }, (socket) => {
    socket.on("error", () => {});
    script(socket);
  });
  server.on("tlsClientError", () => {});
  return run(t, server);
}

export function localExit(address: string): Exit {
  return { id: address, kind: "local", address };
}

export const DIRECT: Exit = { id: "direct", kind: "direct" };

export function proxyExit(protocol: ProxyEndpoint["protocol"], port: number, credentials: { username?: string; password?: string } = {}, host = "127.0.0.1"): Exit {
  const exit: Exit = { id: `${protocol}://${host}:${port}`, kind: protocol === "socks5" ? "socks5" : "http" };
  setEndpoint(exit, { protocol, host, port, ...credentials });
  return exit;
}

/** Resolves when `condition` holds; fails loudly when it does not within ten seconds, which is for ever here. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Waited in vain: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A port that nobody listens to. */
export async function closedPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface Failure extends Error {
  code?: string;
  phase?: string;
  reply?: number;
  status?: number;
}

/** What a connection failed with. */
export async function failure(promise: Promise<Socket>): Promise<Failure> {
  let socket: Socket;
  try {
    socket = await promise;
  } catch (error) {
    return error as Failure;
  }
  socket.destroy();
  throw new Error("A socket was opened.");
}

function join(a: Socket, b: Socket): void {
  for (const [one, other] of [[a, b], [b, a]]) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}

/** Reads exactly as many bytes as asked for. */
function reader(socket: Socket): (length: number) => Promise<Buffer> {
  return async (length) => {
    for (;;) {
      const chunk = (length === 0 ? Buffer.alloc(0) : socket.read(length)) as Buffer | null;
      if (chunk !== null) return chunk;
      if (socket.destroyed || socket.readableEnded) throw new Error("closed");
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          socket.removeListener("readable", wake);
          socket.removeListener("close", wake);
          resolve();
        };
        socket.on("readable", wake);
        socket.on("close", wake);
      });
    }
  };
}
