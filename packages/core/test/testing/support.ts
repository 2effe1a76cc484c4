import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { IncomingHttpHeaders, RequestOptions } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import type { Lease } from "../../src/model/lease.ts";

/** As much of a lease as a transport looks at. */
export function leaseOf(exit: string, target = "api"): Lease {
  return { exit: { id: exit, kind: "direct" }, target, weight: 1, mode: "ephemeral" } as Lease;
}

/** Closed when the test ends, however it ends. */
export function closing<T extends { close(): Promise<void> }>(t: TestContext, server: T): T {
  t.after(() => server.close());
  return server;
}

/** A raw client that collects what it is sent. */
export class RawClient {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  /** How the connection ended: `"end"` by a FIN, else the error's code. */
  ending: string | undefined;

  constructor(t: TestContext, port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    t.after(() => this.socket.destroy());
    this.socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.socket.on("end", () => (this.ending ??= "end"));
    this.socket.on("error", (error: NodeJS.ErrnoException) => (this.ending = error.code));
  }

  send(bytes: readonly number[] | string): void {
    this.socket.write(typeof bytes === "string" ? bytes : Uint8Array.from(bytes));
  }

  /** Waits until so many bytes have come, and takes them. */
  async take(count: number): Promise<number[]> {
    await until(() => this.received.length >= count || this.ending !== undefined);
    const taken = this.received.subarray(0, count);
    this.received = this.received.subarray(count);
    return [...taken];
  }

  async ended(): Promise<string | undefined> {
    await until(() => this.ending !== undefined);
    return this.ending;
  }
}

/** Resolves once `condition` holds. Only for what real sockets do in their own time. */
export async function until(condition: () => boolean, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Still not so after ${ms} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export interface Fetched {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

/** One request, on a connection of its own unless an agent is given. */
export async function fetchRaw(url: string, options: RequestOptions & { body?: string } = {}): Promise<Fetched> {
  const { body, ...rest } = options;
  const request = httpRequest(url, { agent: false, ...rest });
  request.end(body);
  const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const whole = Buffer.concat(chunks);
  return { status: response.statusCode ?? 0, headers: response.headers, body: whole, text: whole.toString() };
}
