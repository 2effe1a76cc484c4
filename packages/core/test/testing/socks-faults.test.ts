import assert from "node:assert/strict";
import { test } from "node:test";
import { SOCKS_LIES, seededRandom, startSocksServer } from "../../src/testing/index.ts";
import type { SocksLie } from "../../src/testing/index.ts";
import { GREETING, OK, connectTo, greeted, startEcho, tunnelled } from "./socks-support.ts";
import { RawClient, closing, until } from "./support.ts";

test("faults before the tunnel: each silent or refusing in its own place", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer());
  const handshake = [...GREETING, ...connectTo(echo.port)];

  socks.setFault("refuse");
  const refused = new RawClient(t, socks.port);
  assert.equal(await refused.ended(), "end");

  socks.setFault("reset");
  const reset = new RawClient(t, socks.port);
  assert.equal(await reset.ended(), "ECONNRESET");

  // What each says before it falls silent, and whether it has heard of the destination by then.
  for (const [fault, said, destinations] of [
    ["hang", [], 0],
    [{ kind: "hang-handshake" }, [5, 0], 0],
    ["hang-connect", [5, 0], 1],
    ["hang-tls", [5, 0, ...OK], 1],
  ] as const) {
    socks.setFault(fault);
    socks.reset();
    const client = new RawClient(t, socks.port);
    client.send(handshake);
    client.send("tunnelled?");
    assert.deepEqual(await client.take(said.length), said);
    await until(() => socks.books().destinations.length === destinations && socks.books().accepted === 1);
    client.socket.end();
    assert.equal(await client.ended(), "end", "it notices when the client goes");
    assert.equal(client.received.length, 0);
  }
  assert.deepEqual(echo.from, [], "none of them went on to the target");

  socks.setFault({ kind: "reply", code: 2 });
  const ruled = await greeted(t, socks.port);
  ruled.send(connectTo(echo.port));
  assert.deepEqual((await ruled.take(10)).slice(0, 2), [5, 2]);
  assert.equal(await ruled.ended(), "end");
});

test("faults of logging in: demanded where none is set, refused whatever it is", async (t) => {
  const socks = closing(t, await startSocksServer({ fault: "auth" }));
  const login = [1, 1, 117, 1, 112];
  const without = new RawClient(t, socks.port);
  without.send(GREETING);
  assert.deepEqual(await without.take(2), [5, 0xff]);
  assert.equal(await without.ended(), "end");

  for (const [fault, answer] of [["auth", [1, 0]], ["bad-auth", [1, 1]]] as const) {
    socks.setFault(fault);
    const client = new RawClient(t, socks.port);
    client.send([5, 2, 0, 2]);
    assert.deepEqual(await client.take(2), [5, 2]);
    client.send(login);
    assert.deepEqual(await client.take(2), answer);
  }
});

test("a tunnel is cut after so many bytes, in good order or by a reset", async (t) => {
  const echo = await startEcho(t);
  for (const [how, ending] of [["fin", "end"], ["reset", "ECONNRESET"]] as const) {
    const socks = closing(t, await startSocksServer({ fault: { kind: "cut", afterBytes: 7, how } }));
    const client = await tunnelled(t, socks.port, echo.port);
    client.send("hello");
    assert.equal(Buffer.from(await client.take(5)).toString(), "hello");
    client.send("world");
    assert.equal(await client.ended(), ending);
    if (how === "fin") assert.equal(client.received.toString(), "wo");
    await until(() => echo.sockets.size === 0);
    assert.equal(socks.books().open, how === "fin" ? 1 : 0, "it waits for the client's own end");
    client.socket.end();
    await until(() => socks.books().open === 0 && echo.sockets.size === 0);
  }
  const socks = closing(t, await startSocksServer({ fault: { kind: "cut", afterBytes: 0 } }));
  const client = await tunnelled(t, socks.port, echo.port);
  assert.equal(await client.ended(), "end");
});

test("early bytes come in one packet with the reply, and the tunnel behind them is honest", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer({ fault: { kind: "early", bytes: "banner" } }));
  const client = await greeted(t, socks.port);
  client.send(connectTo(echo.port));
  assert.deepEqual(await client.take(10), OK);
  assert.equal(client.received.toString(), "banner", "there already");
  await client.take(6);
  client.send("x");
  assert.deepEqual(await client.take(1), [120]);
});

test("a slow proxy is late with everything it says, keeps the order and loses nothing", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer({ fault: { kind: "slow", latencyMs: 30, jitterMs: 30 }, random: seededRandom(1) }));
  const started = performance.now();
  const client = await tunnelled(t, socks.port, echo.port);
  assert.ok(performance.now() - started >= 58, "two answers, 30 ms each at least");

  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) & 0xff));
  for (let at = 0; at < sent.length; at += 10_000) client.socket.write(sent.subarray(at, at + 10_000));
  client.socket.end();
  await client.ended();
  assert.ok(client.received.equals(sent));
});

test("a dripping proxy gives its bytes one by one", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer({ fault: { kind: "drip", everyMs: 2 } }));
  const client = new RawClient(t, socks.port);
  const sizes: number[] = [];
  client.socket.on("data", (chunk: Buffer) => sizes.push(chunk.length));
  client.send([...GREETING, ...connectTo(echo.port), 1, 2, 3]);
  assert.deepEqual(await client.take(15), [5, 0, ...OK, 1, 2, 3]);
  assert.ok(sizes.length > 3, `${sizes.length} pieces`);
});

test("a flaky proxy is asked for its fault at each connection", async (t) => {
  const socks = closing(t, await startSocksServer({ fault: (connection) => (connection % 2 === 0 ? { kind: "refuse" } : "ok") }));
  const endings = [];
  for (let index = 0; index < 4; index += 1) {
    const client = new RawClient(t, socks.port);
    client.send(GREETING);
    await client.take(2);
    endings.push(client.ending);
  }
  // Closed on accept, with or without having read the greeting.
  assert.deepEqual(endings.map((ending) => ending !== undefined), [true, false, true, false]);
});

test("every lie is told in its place, and no client is kept waiting for an end that comes", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer());
  for (const [name, lie] of Object.entries(SOCKS_LIES)) {
    socks.setFault({ kind: "lie", lie: name as SocksLie });
    const client = new RawClient(t, socks.port);
    const honest = lie.stage === "greeting" ? [] : lie.stage === "login" ? [5, 2] : [5, 0];
    client.send(lie.stage === "login" ? [5, 1, 2] : GREETING);
    assert.deepEqual(await client.take(honest.length), honest, name);
    if (lie.stage === "login") client.send([1, 1, 117, 1, 112]);
    if (lie.stage === "reply") client.send(connectTo(echo.port));

    const expected = typeof lie.bytes === "string" ? [...Buffer.from(lie.bytes, "latin1")] : [...lie.bytes];
    // A reset may overtake what was said before it.
    if (lie.then !== "reset") assert.deepEqual(await client.take(expected.length), expected, name);
    if (lie.then === "end") assert.equal(await client.ended(), "end", name);
    if (lie.then === "reset") assert.equal(await client.ended(), "ECONNRESET", name);
    if (lie.then === "flood") assert.equal((await client.take(200_000)).length, 200_000, name);
    if (lie.then === "tunnel") {
      client.send("t");
      assert.deepEqual(await client.take(1), [116], name);
    }
    client.socket.destroy();
  }
  await until(() => socks.books().open === 0);
  assert.ok(Object.keys(SOCKS_LIES).length >= 25);
});
