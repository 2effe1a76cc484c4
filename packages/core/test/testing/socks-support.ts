import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { TestContext } from "node:test";
import { listen } from "../../src/testing/index.ts";
import type { Listener } from "../../src/testing/index.ts";
import { RawClient, closing } from "./support.ts";

export const GREETING = [5, 1, 0];
export const OK = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

export function connectTo(port: number, host: readonly number[] = [1, 127, 0, 0, 1]): number[] {
  return [5, 1, 0, ...host, port >> 8, port & 0xff];
}

/** A target that echoes, and knows where each connection came from. */
export async function startEcho(t: TestContext): Promise<Listener & { from: (string | undefined)[] }> {
  const from: (string | undefined)[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    from.push(socket.remoteAddress);
    socket.pipe(socket);
  });
  return Object.assign(closing(t, await listen(server)), { from });
}

/** A client behind the server's greeting. */
export async function greeted(t: TestContext, port: number): Promise<RawClient> {
  const client = new RawClient(t, port);
  client.send(GREETING);
  assert.deepEqual(await client.take(2), [5, 0]);
  return client;
}

export async function tunnelled(t: TestContext, port: number, target: number): Promise<RawClient> {
  const client = await greeted(t, port);
  client.send(connectTo(target));
  assert.deepEqual(await client.take(10), OK);
  return client;
}
