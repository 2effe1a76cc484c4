import { createServer, type Server } from "node:http";
import { BlockList, isIP, type AddressInfo } from "node:net";
import { ClosedError, MultihomeError, type ExitPool } from "@multihome/core";
import { statusHandler, type StatusOptions } from "./status-handler.ts";

export interface StatusServerOptions extends StatusOptions {
  /**
   * The address to listen on. Any but a loopback address needs a `token`.
   *
   * @default "127.0.0.1"
   */
  host?: string;
  /**
   * 0 takes one that is free.
   *
   * @default 0
   */
  port?: number;
}

export interface StatusServer {
  /** To be opened in a browser; without the token. */
  readonly url: string;
  /** Ends every stream and frees the port. More than once does no harm; the end of the pool does the same. */
  close(): Promise<void>;
}

/** A request has to be here whole by then: nobody types one in by hand. */
const REQUEST_TIMEOUT_MS = 10_000;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * A server of its own for the status page of a pool. It keeps the process alive until it, or the pool, is closed.
 *
 * @throws MultihomeError `MH_ERR_CONFIG` where it would listen beyond this machine without a token; `MH_ERR_CLOSED`; whatever `listen` says of the port
 */
export async function startStatusServer(pool: ExitPool, { host = "127.0.0.1", port = 0, ...options }: StatusServerOptions = {}): Promise<StatusServer> {
  // First: it says what is wrong with the pool or the options.
  if (pool?.adapterHost === undefined) statusHandler(pool, options);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new MultihomeError("MH_ERR_CONFIG", `Expected \`port\` to be a number from 0 to 65535, got \`${String(port)}\`.`);
  if (pool.adapterHost.closed) throw new ClosedError();
  if (options.token === undefined && !isLoopback(host)) {
    throw new MultihomeError("MH_ERR_CONFIG", `A status page on ${host} could be read by others than this machine: give it a \`token\`, or leave \`host\` at 127.0.0.1.`);
  }
  const named = isIP(host) === 0 ? { ...options, allowedHosts: [...(options.allowedHosts ?? []), host] } : options;
  const handler = statusHandler(pool, named);
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    if ((request.url ?? "/").split("?", 1)[0] === "/") handler(request, response);
    else response.writeHead(404, { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" }).end("The page is at /.\n");
  });
  await listen(server, host, port);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= end(server));
  const forget = pool.adapterHost.onClose(close);
  const address = server.address() as AddressInfo;
  return {
    url: `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}/`,
    close: () => {
      forget();
      return close();
    },
  };
}

function isLoopback(host: string): boolean {
  const version = isIP(host);
  return version === 0 ? host === "localhost" : LOOPBACK.check(host, version === 6 ? "ipv6" : "ipv4");
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // A turn later: what was written last is on its way by then.
    setImmediate(() => server.closeAllConnections());
  });
}
