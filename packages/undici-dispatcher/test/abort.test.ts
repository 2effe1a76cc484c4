import assert from "node:assert/strict";
import { once } from "node:events";
import { Readable } from "node:stream";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { closedPort, createTestCertificate, type SocksFault } from "@multihome/core/testing";
import { createExitDispatcher } from "../src/index.ts";
import { bench, errorOf, fetches, nothingEscapes, socks, TWO_LEGS, until, versions } from "./support.ts";

const REASON = Object.assign(new Error("not wanted any more"), { name: "ReasonError" });

for (const version of versions) {
  const { name, undici } = version;

  for (const [legs, options] of [["one leg", {}], ["two legs", TWO_LEGS]] as const) {
    test(`${name}, ${legs}: a request that was aborted before it began is never sent`, async (t) => {
      const { dispatcher, server } = await bench(t, version, options);

      const error = await errorOf(undici.request(server.url, { dispatcher, signal: AbortSignal.abort(REASON) }));

      assert.equal(error, REASON);
      assert.equal(server.seen.length, 0);
      assert.equal(server.accepted, 0);
    });

    test(`${name}, ${legs}: an abort while the answer is awaited rejects with its reason and closes the connections`, async (t) => {
      const { dispatcher, server, pool } = await bench(t, version, options);
      const controller = new AbortController();
      const request = undici.request(`${server.url}/hang`, { dispatcher, signal: controller.signal });
      await until("all legs arrived", () => server.live === (legs === "one leg" ? 1 : 2));

      controller.abort(REASON);

      assert.equal(await errorOf(request), REASON);
      assert.equal(pool.status().inflight, 0);
      await until("the connections are closed", () => server.sockets === 0);
      assert.ok(server.seen.every(({ aborted }) => aborted));
    });

    test(`${name}, ${legs}: an abort in the middle of a body ends the body with its reason`, async (t) => {
      const { dispatcher, server, pool } = await bench(t, version, options);
      const controller = new AbortController();
      const { body } = await undici.request(`${server.url}/endless`, { dispatcher, signal: controller.signal });
      await once(body, "data");

      controller.abort(REASON);

      assert.equal(await errorOf(once(body, "end")), REASON);
      assert.equal(pool.status().inflight, 0);
      await until("the connections are closed", () => server.sockets === 0);
    });

    test(`${name}, ${legs}: an aborted request says nothing bad about its exits`, async (t) => {
      const { dispatcher, server, pool } = await bench(t, version, options);
      await errorOf(undici.request(`${server.url}/hang`, { dispatcher, signal: AbortSignal.timeout(30) }));

      const exits = Object.values(pool.status().targets["127.0.0.1"].exits);
      assert.deepEqual(
        exits.map(({ fail, consecutiveFails }) => [fail, consecutiveFails]),
        exits.map(() => [0, 0]),
      );
    });
  }

  test(`${name}: an abort while the request waits for a lease is heard at once`, async (t) => {
    const { dispatcher, server } = await bench(t, version, { exits: { local: ["127.0.0.2"] }, perExitInFlight: 1 });
    const blocking = new AbortController();
    const first = undici.request(`${server.url}/hang`, { dispatcher, signal: blocking.signal });
    await until("the first one arrived", () => server.live === 1);
    const controller = new AbortController();
    const second = undici.request(server.url, { dispatcher, signal: controller.signal });

    controller.abort(REASON);

    assert.equal(await errorOf(second), REASON);
    blocking.abort();
    await errorOf(first);
    assert.equal(server.seen.length, 1);
  });

  test(`${name}: a stream body that fails while the request waits is the request's error, and no uncaught one`, async (t) => {
    nothingEscapes(t);
    const { dispatcher, server } = await bench(t, version, { exits: { local: ["127.0.0.2"] }, perExitInFlight: 1 });
    const blocking = new AbortController();
    const first = undici.request(`${server.url}/hang`, { dispatcher, signal: blocking.signal });
    await until("the first one arrived", () => server.live === 1);
    const body = new Readable({ read() {} });
    const second = undici.request(server.url, { dispatcher, method: "POST", body });
    const raw = new Promise<unknown>((resolve) => {
      const failing = new Readable({ read() {} });
      dispatcher.dispatch({ origin: server.url, path: "/", method: "POST", body: failing }, { onRequestStart: () => {}, onResponseError: (_controller, error) => resolve(error) });
      failing.destroy(REASON);
    });

    body.destroy(REASON);

    assert.equal(await errorOf(second), REASON);
    assert.equal(await raw, REASON);
    blocking.abort();
    await errorOf(first);
    assert.equal(server.seen.length, 1);
  });

  test(`${name}: what was reserved for a request that was aborted before it was sent is given back`, async (t) => {
    const proxy = await socks(t, { fault: "hang-connect" });
    const { dispatcher, server, pool } = await bench(t, version, { exits: { proxies: [proxy.url] }, defaults: { limits: [{ name: "requests", unit: "request", limit: 10, per: "1m" }], spacing: 0 } });
    await errorOf(undici.request(server.url, { dispatcher, signal: AbortSignal.timeout(40) }));

    const [exit] = Object.values(pool.status().targets["127.0.0.1"].exits);
    assert.equal(exit.limits[0].used, 0);
  });

  const hangs: readonly (SocksFault["kind"] & string)[] = ["hang", "hang-handshake", "hang-connect", "hang-tls"];
  for (const fault of hangs) {
    test(`${name}: an abort during a proxy's ${fault} is heard at once and closes the proxy's socket`, async (t) => {
      const proxy = await socks(t, { fault: { kind: fault } as SocksFault });
      const { dispatcher, server, pool } = await bench(t, version, { exits: { proxies: [proxy.url] }, connectTimeout: "30s", attemptTimeout: false });
      const url = fault === "hang-tls" ? server.url.replace("http:", "https:") : server.url;
      const controller = new AbortController();
      const request = undici.request(url, { dispatcher, signal: controller.signal });
      await until("the proxy was asked", () => proxy.books().open === 1 && (fault === "hang" || fault === "hang-handshake" || proxy.books().destinations.length === 1));

      controller.abort(REASON);

      assert.equal(await errorOf(request), REASON);
      assert.equal(pool.status().inflight, 0);
      await until("the proxy's socket is closed", () => proxy.books().open === 0);
    });
  }

  test(`${name}: of two requests that connect, the one that is aborted takes only its own connection along`, async (t) => {
    const proxy = await socks(t, { fault: "hang-connect" });
    const { dispatcher, server } = await bench(t, version, { exits: { proxies: [proxy.url] }, connectTimeout: "30s", attemptTimeout: false, defaults: { spacing: 0 } });
    const [one, two] = [new AbortController(), new AbortController()];
    const first = undici.request(server.url, { dispatcher, signal: one.signal });
    const second = undici.request(server.url, { dispatcher, signal: two.signal });
    await until("both connect", () => proxy.books().destinations.length === 2);

    one.abort(REASON);

    assert.equal(await errorOf(first), REASON);
    await until("one is left", () => proxy.books().open === 1);
    two.abort(REASON);
    assert.equal(await errorOf(second), REASON);
    await until("none is left", () => proxy.books().open === 0);
  });

  test(`${name}: with one connection for all, a request queued behind an aborted one is connected anew`, async (t) => {
    let hang = true;
    const proxy = await socks(t, { fault: () => (hang ? "hang-connect" : "ok") });
    const { dispatcher, server } = await bench(t, version, {
      exits: { proxies: [proxy.url] },
      connectTimeout: "30s",
      attemptTimeout: false,
      defaults: { spacing: 0 },
      dispatcher: { agent: { connections: 1 } },
    });
    const controller = new AbortController();
    const first = undici.request(server.url, { dispatcher, signal: controller.signal });
    const second = undici.request(`${server.url}/echo`, { dispatcher, method: "POST", body: "second" });
    await until("the first one connects", () => proxy.books().destinations.length === 1);
    hang = false;

    controller.abort(REASON);

    assert.equal(await errorOf(first), REASON);
    const { body } = await second;
    assert.equal(await body.text(), "second");
  });

  test(`${name}: the caller's own timeout is no failure of the exit, and no reason to try again`, async (t) => {
    const { dispatcher, server, pool } = await bench(t, version);

    const error = await errorOf(undici.request(`${server.url}/hang`, { dispatcher, headersTimeout: 30 }));

    assert.equal(error.code, "UND_ERR_HEADERS_TIMEOUT");
    assert.equal(server.seen.length, 1);
    assert.ok(Object.values(pool.status().targets["127.0.0.1"].exits).every(({ fail }) => fail === 0));
  });

  test(`${name}: an argument that undici refuses costs no attempt, whatever the exit`, async (t) => {
    const proxy = await socks(t);
    const { dispatcher, server, pool } = await bench(t, version, { exits: { proxies: [proxy.url] } });

    const error = await errorOf(undici.request(server.url, { dispatcher, headers: { "bad header": "x" } }));

    assert.equal(error.code, "UND_ERR_INVALID_ARG");
    assert.equal(proxy.books().accepted, 0);
    assert.ok(Object.values(pool.status().targets["127.0.0.1"].exits).every(({ fail }) => fail === 0));
  });

  for (const [client, fetch] of fetches(version)) {
    test(`${client}: aborts before, while waiting, while connecting, for the head and in the body are AbortErrors`, async (t) => {
      nothingEscapes(t);
      const proxy = await socks(t, { fault: "hang-connect" });
      const { dispatcher, server, pool } = await bench(t, version, { exits: { local: ["127.0.0.2"] }, perExitInFlight: 1 });
      const proxied = createExitPool({ exits: { proxies: [proxy.url] }, attemptTimeout: false });
      const through = createExitDispatcher(undici, proxied);
      t.after(() => proxied.close());
      const nameOf = async (promise: Promise<unknown>): Promise<string> => (await errorOf(promise)).name;

      assert.equal(await nameOf(fetch(server.url, { dispatcher, signal: AbortSignal.abort() })), "AbortError");
      assert.equal(await nameOf(fetch(`${server.url}/hang`, { dispatcher, signal: AbortSignal.timeout(30) })), "TimeoutError");
      assert.equal(await nameOf(fetch(server.url, { dispatcher: through, signal: AbortSignal.timeout(30) })), "TimeoutError");
      const blocked = new AbortController();
      const response = await fetch(`${server.url}/headers-then-hang`, { dispatcher, signal: blocked.signal });
      assert.equal(await nameOf(fetch(server.url, { dispatcher, signal: AbortSignal.timeout(30) })), "TimeoutError");
      blocked.abort();
      assert.equal(await nameOf(response.text()), "AbortError");

      await until("nothing is in flight", () => pool.status().inflight === 0 && proxied.status().inflight === 0);
      await until("no socket is left", () => proxy.books().open === 0);
    });

    test(`${client}: a body that is cancelled gives its lease back`, async (t) => {
      const { dispatcher, server, pool } = await bench(t, version);
      const response = await fetch(`${server.url}/endless`, { dispatcher });

      await response.body?.cancel();

      await until("the lease is back", () => pool.status().inflight === 0);
      await until("the connection is closed", () => server.sockets === 0);
    });
  }

  test(`${name}: TLS that hangs ends at the connect timeout, with the socket closed`, async (t) => {
    const proxy = await socks(t, { fault: "hang-tls" });
    const pool = createExitPool({ exits: { proxies: [proxy.url] }, connectTimeout: 60, queue: { maxAttempts: 1 } });
    t.after(() => pool.close());
    const dispatcher = createExitDispatcher(undici, pool);

    const error = await errorOf(undici.request("https://127.0.0.1:1/", { dispatcher }));

    assert.equal(error.code, "ETIMEDOUT");
    await until("the proxy's socket is closed", () => proxy.books().open === 0);
    assert.equal(pool.status().inflight, 0);
  });

  test(`${name}: a target that refuses connections is an ECONNREFUSED, as ever`, async (t) => {
    const port = await closedPort();
    const { dispatcher } = await bench(t, version);

    const error = await errorOf(undici.request(`http://127.0.0.1:${port}`, { dispatcher }));

    assert.equal(error.code, "ECONNREFUSED");
  });

  test(`${name}: a certificate that is not trusted is refused, through a proxy as well`, async (t) => {
    const certificate = createTestCertificate();
    const proxy = await socks(t);
    const { dispatcher, server } = await bench(t, version, { server: { tls: certificate }, exits: { local: ["127.0.0.2"], proxies: [proxy.url] }, queue: { maxAttempts: 1 } });

    for (let index = 0; index < 2; index++) assert.match((await errorOf(undici.request(server.url, { dispatcher }))).code ?? "", /SELF_SIGNED|UNABLE_TO_VERIFY/);
    assert.equal(server.seen.length, 0);
  });
}
