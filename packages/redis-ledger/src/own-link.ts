import { createClient } from "@redis/client";
import type { Clock } from "@multihome/core";
import { faultOf, isConfigFault, StoreError } from "./errors.ts";
import type { Link } from "./store.ts";
import { mayEvict, tooOld } from "./version.ts";

type Client = ReturnType<typeof connectionTo>;

/** Between two attempts to connect: doubling from the first to the last. A wrong password is tried seldom: servers lock out who keeps asking. */
const FIRST_MS = 50;
const LONGEST_MS = 1_000;
const CONFIG_MS = 5_000;
/** TCP, TLS, password and version together; a store that is frozen accepts connections and says nothing. */
export const CONNECT_MS = 2_000;

/**
 * Our own connection. The client's way of reconnecting is switched off: it keeps a link that only brings damaged bytes, and one
 * that is frozen, for ever. Here both are thrown away and made anew.
 */
export class OwnLink implements Link {
  readonly #url: URL;
  readonly #clock: Clock;
  readonly #secrets: readonly string[];
  readonly #onState: (ready: boolean, error?: StoreError) => void;
  readonly #warn: (error: StoreError) => void;
  #client: Client | undefined;
  #ready = false;
  #closed = false;
  #tries = 0;
  #timer: unknown;

  constructor(url: URL, parts: { clock: Clock; secrets: readonly string[]; onState: (ready: boolean, error?: StoreError) => void; warn: (error: StoreError) => void }) {
    this.#url = url;
    this.#clock = parts.clock;
    this.#secrets = parts.secrets;
    this.#onState = parts.onState;
    this.#warn = parts.warn;
    void this.#connect();
  }

  get ready(): boolean {
    return this.#ready;
  }

  send(_key: string, command: string[]): Promise<unknown> {
    const client = this.#client;
    return client === undefined ? Promise.reject(new StoreError("disconnected", "Not connected to the store.")) : client.sendCommand(command);
  }

  renew(reason: StoreError): void {
    if (this.#client !== undefined && this.#ready) this.#lose(this.#client, reason);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#ready = false;
    this.#clock.clearTimeout(this.#timer);
    destroy(this.#client);
    this.#client = undefined;
    return Promise.resolve();
  }

  async #connect(): Promise<void> {
    if (this.#closed) return;
    const client = connectionTo(this.#url);
    this.#client = client;
    client.on("error", (error: unknown) => this.#lose(client, faultOf(error, this.#secrets)));
    client.on("end", () => this.#lose(client, new StoreError("disconnected", "The store has closed the connection.")));
    const tooLong = this.#clock.setTimeout(() => this.#lose(client, new StoreError("disconnected", noConnection(this.#url))), CONNECT_MS);
    unref(tooLong);
    try {
      // A program that forgets to close its pool may end all the same.
      const connecting = client.connect();
      await connecting;
      client.unref();
      const old = tooOld(await client.sendCommand(["INFO", "server"]).catch(withoutInfo));
      if (old !== undefined) throw new StoreError("too-old", old);
      const evicts = mayEvict(await client.sendCommand(["INFO", "memory"]).catch(withoutInfo));
      if (this.#client !== client) return;
      if (evicts !== undefined) this.#warn(new StoreError("evicts", evicts));
      this.#ready = true;
      this.#tries = 0;
      this.#onState(true);
    } catch (error) {
      this.#lose(client, faultOf(error, this.#secrets));
    } finally {
      this.#clock.clearTimeout(tooLong);
    }
  }

  /** Once for each client. */
  #lose(client: Client, error: StoreError): void {
    const isCurrent = this.#client === client;
    // First, for being destroyed it says that it has ended.
    if (isCurrent) this.#client = undefined;
    destroy(client);
    if (!isCurrent) return;
    this.#ready = false;
    if (this.#closed) return;
    this.#onState(false, error);
    const ms = isConfigFault(error.kind) ? CONFIG_MS : Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#tries++, 10));
    this.#timer = this.#clock.setTimeout(() => void this.#connect(), ms);
    unref(this.#timer);
  }
}

function connectionTo(url: URL) {
  return createClient({ url: url.href, RESP: 2, disableOfflineQueue: true, socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false } });
}

function noConnection({ hostname, port, protocol }: URL): string {
  const tls = protocol === "rediss:";
  return `No ${tls ? "TLS " : ""}connection to the store at ${hostname}:${port === "" ? 6379 : port} within ${CONNECT_MS} ms${tls ? "; does it speak TLS there?" : "."}`;
}

function destroy(client: Client | undefined): void {
  try {
    client?.destroy();
  } catch {
    // It was closed already.
  }
}

/** Who may not ask for the version is believed to know it. */
function withoutInfo(error: unknown): undefined {
  if (error instanceof Error && /^(?:NOPERM|ERR unknown command)/.test(error.message)) return undefined;
  throw error;
}

export function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") timer.unref();
}
