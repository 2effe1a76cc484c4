import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import axios from "axios";
import { axiosAdapter } from "@multihome/axios-adapter";
import { createExitPool } from "@multihome/core";
import type { ExitPool, ExitPoolOptions, Lease, SlotRun } from "@multihome/core";
import { WebSocket, WebSocketServer } from "ws";
import { eventually } from "../support/contract-room.ts";

const EXITS = Array.from({ length: 10 }, (_, index) => `127.0.36.${index + 1}`);

interface Program {
  pool: ExitPool;
  quotes: SlotRun<{ pair: string; size: number }>;
  submit: (endpoint: string, transaction: string) => Promise<unknown>;
  lease: Lease;
  titan: WebSocket;
}

interface Seen {
  leg: string;
  address: string;
  size: number;
}

test("the quoting bot of docs/galileo.md does what the page says, as its backends see it", async (t) => {
  const seen: Seen[] = [];
  const live = new Map<string, number>();
  let together = 0;
  const submits = new Map<string, Set<string>>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const address = request.socket.remoteAddress ?? "";
    const url = new URL(request.url ?? "/", "http://backend");
    if (request.method === "POST") {
      submits.set(url.pathname, (submits.get(url.pathname) ?? new Set()).add(address));
      response.end("{}");
      return;
    }
    live.set(address, (live.get(address) ?? 0) + 1);
    together = Math.max(together, live.get(address) ?? 0);
    const size = Number(url.searchParams.get("size"));
    seen.push({ leg: url.pathname, address, size });
    setTimeout(() => {
      live.set(address, (live.get(address) ?? 0) - 1);
      // There is no route for three.
      response.writeHead(url.pathname === "/buy" && size === 3 ? 500 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify({ out: size }));
    }, 5);
  };
  const backend = createServer(answer).listen(0, "127.0.0.1");
  const socketServer = createServer().listen(0, "127.0.0.1");
  const sockets = new WebSocketServer({ server: socketServer });
  const from: string[] = [];
  sockets.on("connection", (_socket, request) => from.push(request.socket.remoteAddress ?? ""));
  await Promise.all([once(backend, "listening"), once(socketServer, "listening")]);
  const host = `127.0.0.1:${(backend.address() as AddressInfo).port}`;
  const titanHost = `127.0.0.1:${(socketServer.address() as AddressInfo).port}`;
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    backend.close();
    backend.closeAllConnections();
    socketServer.close();
  });

  const page = await readFile(fileURLToPath(new URL("../../../docs/galileo.md", import.meta.url)), "utf8");
  const code = (/^```js\n(.*?)^```$/ms.exec(page) as RegExpExecArray)[1]
    // Where its backends are here; everything else as it stands there.
    .replaceAll("quote-api.jup.ag", host)
    .replaceAll("//titan.example.com", `//${titanHost}`)
    .replaceAll("titan.example.com", titanHost)
    .replace("wss://", "ws://")
    .replace("https://127", "http://127")
    .replace("agent.https", "agent.http");
  const AsyncFunction = (async () => {}).constructor as new (...names: string[]) => (...values: unknown[]) => Promise<Program>;
  const program = new AsyncFunction("createExitPool", "axios", "WebSocket", "tradeSizes", "quoteBy", `let quote;\n${code.replace("\n\n", "\n\nquote = quoteBy(pool);\n")}\nreturn { pool, quotes, submit, lease, titan };`);

  let client = axios.create();
  const tradeSizes = [1, 2, 3, 4, 5].map((size) => ({ pair: "SOL-USDC", size, delay: 40 }));
  const { pool, quotes, submit, lease, titan } = await program(
    (options: ExitPoolOptions) => createExitPool({ ...options, exits: { local: EXITS } }),
    { post: (url: string, body: string) => client.post(url, body) },
    WebSocket,
    tradeSizes,
    (made: ExitPool) => {
      client = axios.create({ adapter: axiosAdapter(made) });
      return async (leg: string, pair: string, size: number) => (await client.get<{ out: number }>(`http://${host}/${leg}?pair=${pair}&size=${size}`)).data;
    },
  );
  t.after(() => pool.close());
  await once(titan, "open");
  const endpoints = ["one", "two", "three"].map((name) => `http://${host}/${name}`);
  for (let i = 0; i < 5; i++) await Promise.all(endpoints.map((endpoint) => submit(endpoint, "{}")));
  await eventually(() => quotes.status().processed >= 10, "two rounds of quotes are in");
  await quotes.stop();

  assert.deepEqual(from, [lease.localAddress]);
  assert.deepEqual([...submits.values()].map((addresses) => addresses.size), [1, 1, 1], "each endpoint has its exit");
  assert.equal(together, 1, "an address carries one quote at a time");
  const bought = seen.filter(({ leg }) => leg === "/buy");
  const sold = seen.filter(({ leg }) => leg === "/sell");
  assert.ok(bought.some(({ size }) => size === 3));
  assert.deepEqual(sold.filter(({ size }) => size === 3), [], "nothing is sold that was not bought");
  const inAddress = (list: readonly Seen[]): string[] => list.filter(({ size }) => size !== 3).map(({ address, size }) => `${size} ${address}`).sort();
  assert.deepEqual(inAddress(sold), inAddress(bought), "both legs of a batch leave by one address");
  assert.equal(quotes.status().failed, bought.filter(({ size }) => size === 3).length);
  titan.close();
  lease.release();
});
