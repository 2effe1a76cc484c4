import type { Socket } from "node:net";
import { ConnectError } from "./connect-error.ts";
import { authority } from "./destination.ts";
import type { Address } from "./destination.ts";
import type { ProxyEndpoint } from "./endpoints.ts";
import { readHandshake } from "./handshake.ts";

/** As much as Node itself takes for the head of an answer (`http.maxHeaderSize`). */
const LONGEST_HEAD = 16_384;

const BEGINNING = Buffer.from("HTTP/1.");
const END_OF_HEAD = Buffer.from("\r\n\r\n");
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: |\r)/;

/** Asks an HTTP proxy, over a connected (and for `https:` secured) socket, for a tunnel to `to` (RFC 9110, section 9.3.6). @param name of the proxy in errors */
export function negotiateTunnel(socket: Socket, name: string, proxy: ProxyEndpoint, to: Address, done: (error?: unknown) => void): void {
  const target = authority(to);
  const credentials = proxy.username === undefined && proxy.password === undefined ? undefined : `${proxy.username ?? ""}:${proxy.password ?? ""}`;
  const authorization = credentials === undefined ? "" : `Proxy-Authorization: Basic ${Buffer.from(credentials).toString("base64")}\r\n`;

  const head = new TunnelHead(name);
  readHandshake(socket, (chunk) => head.take(chunk), done);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`);
}

class TunnelHead {
  readonly #name: string;
  #kept: Buffer = Buffer.alloc(0);
  #seen = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** What follows the head, once it has granted the tunnel. A body is not expected: the length headers of a 2xx here mean nothing. */
  take(chunk: Buffer): Buffer | undefined {
    this.#kept = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    for (;;) {
      const start = Math.min(this.#kept.length, BEGINNING.length);
      if (!this.#kept.subarray(0, start).equals(BEGINNING.subarray(0, start))) throw broken(this.#name, "answered CONNECT with something that is not HTTP");
      const end = this.#kept.indexOf(END_OF_HEAD);
      if (this.#seen + (end < 0 ? this.#kept.length : end) > LONGEST_HEAD) throw broken(this.#name, `answered CONNECT with more than ${LONGEST_HEAD} bytes of headers`);
      if (end < 0) return undefined;

      const rest = this.#kept.subarray(end + END_OF_HEAD.length);
      const status = statusOf(this.#name, this.#kept.subarray(0, end + END_OF_HEAD.length));
      if (status >= 200) {
        checkGranted(this.#name, status);
        return rest;
      }
      // Interim answers may come first; they count against the same cap, so they cannot go on for ever.
      this.#seen += end;
      this.#kept = rest;
    }
  }
}

function statusOf(name: string, head: Buffer): number {
  const match = STATUS_LINE.exec(head.toString("latin1", 0, Math.min(head.length, 64)));
  const status = match === null ? Number.NaN : Number(match[1]);
  // 101 would change the protocol of the connection to the proxy itself; nobody asked for that.
  if (!(status >= 100 && status <= 599) || status === 101) throw broken(name, "answered CONNECT with a broken status line");
  return status;
}

function checkGranted(name: string, status: number): void {
  if (status < 300) return;
  if (status === 407) throw new ConnectError("ERR_PROXY_AUTH", "handshake", `${name} wants credentials, or refused those it was given (407).`, { status });
  throw new ConnectError("ERR_PROXY_REFUSED", "handshake", `${name} would not connect: it answered CONNECT with ${status}.`, { status });
}

function broken(name: string, what: string): ConnectError {
  return new ConnectError("ERR_PROXY_PROTOCOL", "handshake", `${name} ${what}.`);
}
