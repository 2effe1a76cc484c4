import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { listen } from "@multihome/core/testing";
import { bench, errorOf, nothingEscapes, until, versions } from "./support.ts";

/** Speaks as much of RFC 6455 as it takes to echo one short text frame at a time. */
async function webSocketServer(t: TestContext): Promise<{ url: string; addresses: string[]; sockets: ReadonlySet<Socket> }> {
  const addresses: string[] = [];
  const listener = await listen(
    createServer((socket) => {
      let shaken = false;
      socket.on("data", (data: Buffer) => {
        if (shaken) return answerFrame(socket, data);
        shaken = true;
        addresses.push(socket.remoteAddress ?? "");
        const key = /sec-websocket-key: (\S+)/i.exec(data.toString())?.[1] ?? "";
        const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
      });
    }),
  );
  t.after(() => listener.close());
  return { url: `ws://127.0.0.1:${listener.port}`, addresses, sockets: listener.sockets };
}

function answerFrame(socket: Socket, frame: Buffer): void {
  const opcode = frame[0] & 0x0f;
  const length = frame[1] & 0x7f;
  const mask = frame.subarray(2, 6);
  const payload = Buffer.from(frame.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]));
  socket.write(Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]));
  if (opcode === 8) socket.end();
}

for (const version of versions) {
  const { name, undici } = version;

  test(`${name}: a WebSocket leaves by an exit, holds its lease while it is open, and gives it back`, async (t) => {
    nothingEscapes(t);
    const { dispatcher, pool } = await bench(t, version);
    const server = await webSocketServer(t);
    const socket = new undici.WebSocket(server.url, { dispatcher });
    await once(socket, "open");
    assert.equal(pool.status().inflight, 1);

    socket.send("hello");
    const [message] = (await once(socket, "message")) as [{ data: string }];
    assert.equal(message.data, "hello");
    assert.match(server.addresses[0], /^127\.0\.0\.[234]$/);

    socket.close();
    await once(socket, "close");
    await until("the lease is back", () => pool.status().inflight === 0);
  });

  test(`${name}: closing the pool ends a WebSocket`, async (t) => {
    nothingEscapes(t);
    const { dispatcher, pool } = await bench(t, version);
    const server = await webSocketServer(t);
    const socket = new undici.WebSocket(server.url, { dispatcher });
    socket.addEventListener("error", () => {});
    await once(socket, "open");
    const closed = once(socket, "close");

    await pool.close({ drain: 10 });

    await closed;
    await until("the connection is closed", () => server.sockets.size === 0);
  });

  test(`${name}: what a WebSocket and an EventSource may receive is as with an Agent, or as told`, async (t) => {
    const { dispatcher } = await bench(t, version);
    const bare = new undici.Agent() as unknown as { webSocketOptions: unknown; eventSourceOptions: unknown };
    const ours = dispatcher as unknown as typeof bare;
    assert.deepEqual([ours.webSocketOptions, ours.eventSourceOptions], [bare.webSocketOptions, bare.eventSourceOptions]);
    const limited = await bench(t, version, { dispatcher: { webSocket: { maxPayloadSize: 7 }, eventSource: { maxEventSize: 9 } } });
    assert.equal(((limited.dispatcher as unknown as typeof bare).webSocketOptions as { maxPayloadSize: number }).maxPayloadSize, 7);
    assert.equal(((limited.dispatcher as unknown as typeof bare).eventSourceOptions as { maxEventSize: number }).maxEventSize, 9);
  });

  test(`${name}: an EventSource receives what comes, connects again by another exit, and ends`, async (t) => {
    nothingEscapes(t);
    const { dispatcher, server, pool } = await bench(t, version);
    const source = new undici.EventSource(`${server.url}/sse?events=2&ms=5`, { node: { dispatcher, reconnectionTime: 5 } });
    const data: string[] = [];
    source.addEventListener("message", (event) => data.push((event as { data: string }).data));

    await until("it came back", () => server.seen.length >= 2 && data.length >= 3);
    source.close();

    assert.deepEqual(data.slice(0, 2), ["event 1", "event 2"]);
    assert.notEqual(server.seen[0].address, server.seen[1].address);
    await until("the lease is back", () => pool.status().inflight === 0);
  });

  test(`${name}: connect() hands the tunnel over`, async (t) => {
    const { dispatcher, pool } = await bench(t, version);
    let address = "";
    const listener = await listen(
      createServer((socket) => {
        socket.once("data", () => {
          address = socket.remoteAddress ?? "";
          socket.write("HTTP/1.1 200 Connection established\r\nx-via: us\r\n\r\n");
          socket.pipe(socket);
        });
      }),
    );
    t.after(() => listener.close());

    const { statusCode, headers, socket } = await dispatcher.connect({ origin: `http://127.0.0.1:${listener.port}`, path: "example.test:443" });
    assert.deepEqual([statusCode, headers["x-via"]], [200, "us"]);
    assert.match(address, /^127\.0\.0\.[234]$/);
    socket.write("ping");
    assert.equal(String(((await once(socket, "data")) as [Buffer])[0]), "ping");
    assert.equal(pool.status().inflight, 1);
    socket.destroy();
    await until("the lease is back", () => pool.status().inflight === 0);
  });

  test(`${name}: an upgrade that is refused is the same error as with an Agent`, async (t) => {
    const { dispatcher } = await bench(t, version);
    const listener = await listen(
      createServer((socket) => {
        socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
      }),
    );
    t.after(() => listener.close());
    const bare = new undici.Agent();
    t.after(() => bare.destroy());
    const attempt = async (by: typeof dispatcher): Promise<unknown> => {
      const { name: kind, message } = await errorOf(undici.upgrade(`http://127.0.0.1:${listener.port}`, { dispatcher: by }));
      return { kind, message };
    };

    assert.deepEqual(await attempt(dispatcher), await attempt(bare));
  });
}
