import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { proxyExit, runScript, until } from "../connect/support.ts";
import { begin, eventsOf, makeAgents } from "./support.ts";

describe("a request destroyed while its agent connects", () => {
  for (const scheme of ["http", "https"] as const) {
    test(`ends at once with its own error, and its socket is closed (${scheme})`, async (t) => {
      const proxy = await runScript(t, () => {});
      const agents = makeAgents(t);
      const request = begin(agents.of(proxyExit("socks5", proxy.port)), `${scheme}://target.test/`);
      const ended = eventsOf(request);
      await until(() => proxy.open.size === 1, "connected");
      const mine = new Error("mine");

      request.destroy(mine);

      // The next turn is all it may take: the handshake would have hung for seconds.
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(await Promise.race([ended, Promise.resolve("still waiting")]), { events: ["error", "close"], error: mine });
      await until(() => proxy.open.size === 0, "the connection closes");
      assert.equal(agents.sockets, 0);
    });
  }

  test("is told that the socket hung up when it gave no error; also by abort()", async (t) => {
    const proxy = await runScript(t, () => {});
    const agents = makeAgents(t);
    for (const end of ["destroy", "abort"] as const) {
      const request = begin(agents.of(proxyExit("socks5", proxy.port)), "http://target.test/");
      const ended = eventsOf(request);
      await until(() => proxy.open.size === 1, "connected");

      request[end]();

      const { events, error } = await ended;
      assert.deepEqual(events, end === "abort" ? ["abort", "error", "close"] : ["error", "close"]);
      assert.equal((error as { code: string }).code, "ECONNRESET");
      await until(() => proxy.open.size === 0, "the connection closes");
    }
  });

  test("ends with its signal's error, also when that had been aborted before", async (t) => {
    const proxy = await runScript(t, () => {});
    const agents = makeAgents(t);
    const exit = proxyExit("socks5", proxy.port);
    const controller = new AbortController();
    const later = eventsOf(begin(agents.of(exit), "http://target.test/", { signal: controller.signal }));
    await until(() => proxy.open.size === 1, "connected");
    controller.abort(new Error("why"));
    const before = eventsOf(begin(agents.of(exit), "http://target.test/", { signal: controller.signal }));

    for (const ended of [later, before]) {
      const { events, error } = await ended;
      assert.deepEqual(events, ["error", "close"]);
      assert.equal((error as Error).name, "AbortError");
      assert.match(String((error as Error).cause), /why/);
    }
    assert.equal(proxy.accepted, 1);
    await until(() => proxy.open.size === 0, "the connection closes");
  });

  test("leaves nothing behind, five hundred times", async (t) => {
    const proxy = await runScript(t, () => {});
    const agents = makeAgents(t);
    const pair = agents.of(proxyExit("socks5", proxy.port));
    const mine = new Error("mine");
    for (let round = 0; round < 5; round++) {
      const requests = Array.from({ length: 100 }, () => begin(pair, "http://target.test/"));
      const ended = Promise.all(requests.map(eventsOf));
      for (const [i, request] of requests.entries()) {
        if (i % 3 === 0) request.destroy(mine);
        else if (i % 3 === 1) setImmediate(() => request.destroy(mine));
        else setTimeout(() => request.destroy(mine), 10);
      }
      for (const { events, error } of await ended) assert.deepEqual([events, error], [["error", "close"], mine]);
    }
    await until(() => proxy.open.size === 0, "every connection closed");
    assert.equal(agents.sockets, 0);
    assert.deepEqual(Object.keys(pair.http.sockets), []);
    assert.equal((pair.http as unknown as { totalSocketCount: number }).totalSocketCount, 0);
  });
});
