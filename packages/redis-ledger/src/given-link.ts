import type { Link } from "./store.ts";

/** What is used of a client that the user brings: node-redis or ioredis, one node or a cluster. */
export interface GivenClient {
  sendCommand?: (...args: never[]) => unknown;
  call?: (...args: never[]) => unknown;
  readonly status?: unknown;
  readonly isReady?: unknown;
  readonly isOpen?: unknown;
  readonly options?: unknown;
}

/** ioredis can put a text of its own before every key. Scripts would then be told of other keys than were meant. */
export function ownPrefixOf({ options }: GivenClient): string | undefined {
  if (typeof options !== "object" || options === null) return undefined;
  const { keyPrefix, redisOptions } = options as { keyPrefix?: unknown; redisOptions?: { keyPrefix?: unknown } };
  const own = keyPrefix ?? redisOptions?.keyPrefix;
  return typeof own === "string" && own !== "" ? own : undefined;
}

/** The user's own client: never renewed, never closed, and asked for nothing but commands. `undefined`: it is none that we know. */
export function givenLink(client: GivenClient): Link | undefined {
  const send = senderOf(client);
  if (send === undefined) return undefined;
  return {
    get ready() {
      if (typeof client.status === "string") return client.status === "ready";
      return typeof client.isReady === "boolean" ? client.isReady : client.isOpen !== false;
    },
    send,
    renew() {},
    close: () => Promise.resolve(),
  };
}

function senderOf(client: GivenClient): Link["send"] | undefined {
  // ioredis has `sendCommand` too, but for objects of its own.
  if (typeof client.call === "function") {
    const call = client.call as unknown as (this: GivenClient, command: string, args: string[]) => Promise<unknown>;
    return (_key, [command, ...args]) => call.call(client, command, args);
  }
  if (typeof client.sendCommand !== "function") return undefined;
  const bare = client.sendCommand as unknown as (this: GivenClient, ...args: unknown[]) => Promise<unknown>;
  // A cluster of node-redis wants to know the key, and whether a replica would do.
  const isCluster = "masters" in client || "slots" in client;
  return isCluster ? (key, command) => bare.call(client, key, false, command) : (_key, command) => bare.call(client, command);
}
