// The rule that was broken: every request settles exactly once. got 14 on Node 20 sometimes left a promise pending for ever when
// `timeout.request`, `timeout.socket` and a signal met on a request that was not yet sent.
//
// The cause: a request function's object that calls the callback of `end` with an error when it is destroyed. got forwards that
// error to its own stream, which thereby counts as having emitted its error. got then asks whether to try again, and if the signal is
// aborted while it does, it destroys the stream with an AbortError, which a stream that has emitted an error swallows. Node's own
// ClientRequest calls that callback on "finish" and never otherwise.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { EventEmitter } from "node:events";
import http from "node:http";
import type { RequestOptions } from "node:http";
import process from "node:process";
import { after, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createExitPool } from "@multihome/core";
import { seededRandom, startHttpServer, startSocksServer } from "@multihome/core/testing";
import { gotHooks } from "@multihome/got-hooks";
import got from "got";
import type { ExtendOptions, Got } from "got";

const SOAK = "--soak";
const PROCESSES = 3;
const REQUESTS = Number(process.env.SOAK_REQUESTS ?? 8_000);

/** An agent whose connections never come about. */
const nowhere = new http.Agent();
Object.assign(nowhere, { createConnection: () => undefined });

/** As the facade of the first prototype was built: all callbacks are called back when it is destroyed. */
class EagerFacade extends EventEmitter {
  readonly writable = true;
  writableEnded = false;
  destroyed = false;
  readonly #request: http.ClientRequest;
  #callback: ((error?: Error) => void) | undefined;

  constructor(url: URL, options: RequestOptions) {
    super();
    this.#request = http.request(url, { ...options, agent: nowhere }).on("error", () => undefined);
  }

  end(callback?: (error?: Error) => void): this {
    this.writableEnded = true;
    this.#callback = callback;
    this.#request.end(() => callback?.());
    return this;
  }

  setTimeout(): this {
    return this;
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#request.destroy();
    this.#callback?.(error ?? new Error("aborted"));
    process.nextTick(() => {
      if (error !== undefined) this.emit("error", error);
      this.emit("close");
    });
    return this;
  }
}

/** The two meet: the timeouts end the request, and the signal is aborted while got asks whether to try again. */
async function outcome(client: Got, url: string): Promise<string> {
  const controller = new AbortController();
  const promise = client(url, {
    signal: controller.signal,
    timeout: { request: 20, socket: 20 },
    retry: {
      limit: 1,
      calculateDelay: ({ computedValue }) => {
        controller.abort();
        return computedValue && 1;
      },
    },
  });
  const settled = promise.then(
    () => "answered",
    (error: Error) => error.name,
  );
  return Promise.race([settled, eventuallyPending(controller.signal)]);
}

/** Long after the last thing that could settle it. */
async function eventuallyPending(signal: AbortSignal): Promise<string> {
  while (!signal.aborted) await delay(5);
  await delay(500);
  return "pending";
}

async function tests(): Promise<void> {
  describe("a got request whose timeouts and signal meet", () => {
    after(() => nowhere.destroy());

    it("stays pending for ever where the callback of `end` is called with an error", async () => {
      const eager = got.extend({ request: (url: URL, options: RequestOptions) => new EagerFacade(url, options) } as unknown as ExtendOptions);
      assert.equal(await outcome(eager, "http://127.0.0.1:9/"), "pending");
    });

    it("settles by the signal through gotHooks, while its proxy hangs and while it waits for a lease", async () => {
      const socks = await startSocksServer({ fault: "hang" });
      const hanging = createExitPool({ exits: { proxies: [socks.url] } });
      const waiting = createExitPool({ exits: { local: ["127.0.0.2"] }, defaults: { spacing: "1h" } });
      const lease = await waiting.acquire({ method: "GET", url: "http://127.0.0.1:9/" });
      try {
        assert.equal(await outcome(got.extend(gotHooks(hanging)), "http://127.0.0.1:9/"), "AbortError");
        assert.equal(await outcome(got.extend(gotHooks(waiting)), "http://127.0.0.1:9/"), "AbortError");
      } finally {
        lease.release();
        await Promise.all([hanging.close(), waiting.close()]);
        await socks.close();
      }
    });

    it(`settles ${REQUESTS} times out of ${REQUESTS}, in each of ${PROCESSES} processes at a time, among aborts, timeouts and faults`, { timeout: 230_000 }, async () => {
      const books = await Promise.all(Array.from({ length: PROCESSES }, (_, index) => soakInChild(index + 1)));
      for (const book of books) assert.deepEqual(book, { pending: [], settled: REQUESTS, inflight: 0, live: 0, sockets: 0, escaped: [] });
    });
  });
}

interface Book {
  pending: string[];
  settled: number;
  inflight: number;
  live: number;
  sockets: number;
  escaped: string[];
}

function soakInChild(seed: number): Promise<Book> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [SOAK, String(seed)], { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    let book: Book | undefined;
    child.once("message", (message) => (book = message as Book));
    child.once("error", reject);
    child.once("exit", (code) => (book === undefined ? reject(new Error(`The child ended with ${code} and said nothing.`)) : resolve(book)));
  });
}

/** Sixty at a time, until the last has been started; whoever has not settled twenty seconds later never will. */
async function soak(seed: number): Promise<Book> {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const escaped: string[] = [];
  process.on("unhandledRejection", (reason) => escaped.push(String(reason)));
  process.on("uncaughtException", (error) => escaped.push(String(error)));

  let status = 0;
  const server = await startHttpServer((request, response) => {
    if (request.url !== "/" || status === 0) return false;
    request.resume();
    response.writeHead(status, { "retry-after": "0" }).end("refused");
    return true;
  });
  const socks = await startSocksServer({ egress: "127.0.0.50" });
  const weather = setInterval(() => {
    socks.setFault(pick(["ok", "ok", "hang", "hang-connect", "refuse"]));
    status = random() < 0.2 ? 429 : random() < 0.1 ? 503 : 0;
    if (server.seen.length > 5_000) server.reset();
  }, 15);
  const pool = createExitPool({
    exits: { local: ["127.0.0.2", "127.0.0.3", "127.0.0.4"], proxies: [socks.url] },
    connectTimeout: 100,
    perExitInFlight: 40,
    queue: { timeout: 3_000 },
    defaults: { spacing: 0, race: { mode: "race", width: 3 } },
    backoff: { rateLimited: 1, timeout: 1 },
    health: { cooldownBase: 5, cooldownMax: 20, deadAfterSamples: 1_000_000 },
  });
  await pool.ready();
  const client = got.extend(gotHooks(pool), { throwHttpErrors: false, retry: { limit: 1, calculateDelay: ({ computedValue }) => computedValue && 1 } });

  const pending = new Map<number, string>();
  let started = 0;
  let settled = 0;
  const one = async (path: string): Promise<void> => {
    const controller = path.includes("hang") || random() < 0.3 ? new AbortController() : undefined;
    const body = random() < 0.3 ? "body" : undefined;
    const timeout = random() < 0.2 ? { request: 20, socket: 20 } : {};
    const race = random() < 0.4 ? 3 : (false as const);
    const options = { method: body === undefined ? ("GET" as const) : ("POST" as const), body, timeout, signal: controller?.signal, context: { multihome: { race } } };
    const id = started;
    pending.set(id, JSON.stringify({ path, body, timeout, race, signal: controller !== undefined }));
    if (controller !== undefined) setTimeout(() => controller.abort(), random() * 30);
    if (random() < 0.2) {
      const stream = client.stream(server.url + path, options);
      stream.on("error", () => undefined);
      if (body === undefined) stream.resume();
      await delay(random() * 6);
      stream.destroy();
    } else {
      await client(server.url + path, options).catch(() => undefined);
    }
    pending.delete(id);
    settled++;
  };
  const PATHS = ["/", "/", "/", "/redirect?to=/", "/reset", "/cut", "/hang", "/headers-then-hang"];
  const workers = Array.from({ length: 60 }, async () => {
    while (started < REQUESTS) {
      started++;
      await one(pick(PATHS));
    }
  });
  const finished = Promise.all(workers).then(() => true);
  while (!(await Promise.race([finished, delay(1_000, false)]))) {
    if (started < REQUESTS) continue;
    await Promise.race([finished, delay(20_000)]);
    break;
  }

  clearInterval(weather);
  const returned = async (holds: () => boolean): Promise<void> => {
    for (let waited = 0; waited < 10_000 && !holds(); waited += 10) await delay(10);
  };
  await returned(() => pool.status().inflight === 0 && server.live === 0);
  const book = { pending: [...pending.values()], settled, inflight: pool.status().inflight, live: server.live };
  await pool.close();
  await returned(() => server.sockets === 0 && socks.books().open === 0);
  const sockets = server.sockets + socks.books().open;
  await Promise.all([server.close(), socks.close()]);
  return { ...book, sockets, escaped };
}

if (process.argv[2] === SOAK) {
  void soak(Number(process.argv[3])).then((book) => process.send?.(book, () => process.disconnect()));
} else {
  await tests();
}
