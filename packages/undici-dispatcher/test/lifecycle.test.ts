import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createExitPool, isMultihomeError } from "@multihome/core";
import { startHttpServer } from "@multihome/core/testing";
import { ExitAgents } from "../src/exit-agents.ts";
import { bench, errorOf, fetches, nothingEscapes, socks, TWO_LEGS, until, versions } from "./support.ts";

for (const version of versions) {
  const { name, undici } = version;

  for (const composed of [false, true]) {
    const how = composed ? "a composed dispatcher" : "a dispatcher";

    test(`${name}: close() of ${how} lets what runs end, refuses what is new, and closes the connections`, async (t) => {
      const { dispatcher: plain, server } = await bench(t, version);
      const dispatcher = composed ? plain.compose(undici.interceptors.dump()) : plain;
      const running = undici.request(`${server.url}/delay/60`, { dispatcher: plain });
      await until("it arrived", () => server.live === 1);

      const closing = dispatcher.close();
      assert.equal((plain as unknown as { closed: boolean }).closed, true);
      const refused = await errorOf(undici.request(server.url, { dispatcher: plain }));
      assert.ok(refused instanceof undici.errors.ClientClosedError);
      const { statusCode, body } = await running;
      await body.dump();
      await closing;

      assert.equal(statusCode, 200);
      await until("the connections are closed", () => server.sockets === 0);
      assert.equal(server.seen.length, 1);
    });

    test(`${name}: destroy() of ${how} ends what runs and what waits with its error`, async (t) => {
      const { dispatcher: plain, server, pool } = await bench(t, version, { exits: { local: ["127.0.0.2"] }, perExitInFlight: 1 });
      const dispatcher = composed ? plain.compose(undici.interceptors.dump()) : plain;
      const running = undici.request(`${server.url}/hang`, { dispatcher: plain });
      const waiting = undici.request(server.url, { dispatcher: plain });
      const settled = Promise.allSettled([running, waiting]);
      await until("it arrived", () => server.live === 1);
      const reason = new Error("over");

      await dispatcher.destroy(reason);

      assert.deepEqual((await settled).map((each) => (each as PromiseRejectedResult).reason as unknown), [reason, reason]);
      assert.equal((plain as unknown as { destroyed: boolean }).destroyed, true);
      assert.equal(pool.status().inflight, 0);
      await until("the connections are closed", () => server.sockets === 0);
      assert.ok((await errorOf(undici.request(server.url, { dispatcher: plain }))) instanceof undici.errors.ClientDestroyedError);
    });
  }

  test(`${name}: close and destroy take callbacks, and say so when they come twice`, async (t) => {
    const { dispatcher } = await bench(t, version);
    await new Promise<void>((resolve) => dispatcher.close(resolve));
    const twice = await new Promise<unknown>((resolve) => dispatcher.close(resolve as () => void));
    assert.ok(twice instanceof undici.errors.ClientDestroyedError);
    await new Promise<void>((resolve) => dispatcher.destroy(resolve));
    await new Promise<void>((resolve) => dispatcher.destroy(new Error("x"), resolve));
    assert.throws(() => dispatcher.close("no" as never), undici.errors.InvalidArgumentError);
    assert.throws(() => dispatcher.destroy(null, "no" as never), undici.errors.InvalidArgumentError);
  });

  test(`${name}: a dispatcher that is closed twice at once closes once`, async (t) => {
    const { dispatcher, server } = await bench(t, version);
    const running = undici.request(`${server.url}/delay/40`, { dispatcher });
    await until("it arrived", () => server.live === 1);
    await Promise.all([dispatcher.close(), dispatcher.close(), running.then(({ body }) => body.dump())]);
  });

  test(`${name}: destroy() gives up connections that are on their way`, async (t) => {
    const proxy = await socks(t, { fault: "hang-connect" });
    const { dispatcher, server } = await bench(t, version, { exits: { proxies: [proxy.url] } });
    const request = undici.request(server.url, { dispatcher });
    const failed = errorOf(request);
    await until("the proxy was asked", () => proxy.books().destinations.length === 1);

    await dispatcher.destroy();

    assert.ok((await failed) instanceof undici.errors.ClientDestroyedError);
    await until("the proxy's socket is closed", () => proxy.books().open === 0);
  });

  test(`${name}: closing the pool ends what runs after its time to drain, and every connection`, async (t) => {
    nothingEscapes(t);
    const { dispatcher, server, pool } = await bench(t, version);
    await (await undici.request(server.url, { dispatcher })).body.dump();
    const hanging = errorOf(undici.request(`${server.url}/hang`, { dispatcher }));
    const streaming = await undici.request(`${server.url}/endless-drip`, { dispatcher });
    const cut = errorOf(streaming.body.text());
    const { socket } = await undici.upgrade(server.url, { dispatcher, protocol: "echo" });
    await until("all arrived", () => server.live === 3);

    await pool.close({ drain: 20 });

    for (const error of [await hanging, await cut]) {
      assert.equal(error.code, "MH_ERR_CLOSED");
      assert.ok(error instanceof undici.errors.ClientClosedError);
      assert.ok(isMultihomeError(error.cause));
    }
    assert.equal(socket.destroyed, true);
    await until("the connections are closed", () => server.sockets === 0);
    const late = await errorOf(undici.request(server.url, { dispatcher }));
    assert.deepEqual([late instanceof undici.errors.ClientClosedError, late.code, (late.cause as { code?: string }).code], [true, "MH_ERR_CLOSED", "MH_ERR_CLOSED"]);
  });

  for (const [client, fetch] of fetches(version)) {
    test(`${client}: with a closed pool it is a TypeError whose cause says so`, async (t) => {
      const { dispatcher, server, pool } = await bench(t, version);
      await pool.close();

      const error = await errorOf(fetch(server.url, { dispatcher }));

      assert.ok(error instanceof TypeError);
      assert.ok(isMultihomeError(error.cause));
      assert.equal(error.cause.code, "MH_ERR_CLOSED");
    });

    test(`${client}: a failure of the pool is the TypeError's cause, with all it knows`, async (t) => {
      const { dispatcher, server } = await bench(t, version, { exits: { local: ["127.0.0.2"] }, perExitInFlight: 1, queue: { timeout: 40 } });
      const blocking = new AbortController();
      const first = errorOf(fetch(`${server.url}/hang`, { dispatcher, signal: blocking.signal }));
      await until("it arrived", () => server.live === 1);

      const error = await errorOf(fetch(server.url, { dispatcher }));

      assert.ok(error instanceof TypeError);
      const cause = error.cause as { code?: string; target?: string };
      assert.deepEqual([cause.code, cause.target, cause instanceof undici.errors.UndiciError], ["MH_ERR_TIMEOUT", "127.0.0.1", true]);
      blocking.abort();
      await first;
    });
  }

  test(`${name}: exits that nobody uses lose their connections first when there are too many`, async (t) => {
    const server = await startHttpServer();
    const pool = createExitPool({ exits: { local: Array.from({ length: 12 }, (_, index) => `127.0.0.${index + 2}`) } });
    t.after(async () => {
      await pool.close();
      await server.close();
    });
    await pool.ready();
    const host = { ...pool.adapterHost, connectTimeoutMs: 1_000, closed: false, maxSockets: 4 };
    const agents = new ExitAgents(host, undici, { allowH2: false, agent: undefined, dispatcherFor: undefined });
    const leases = await Promise.all(Array.from({ length: 12 }, () => pool.acquire({ method: "GET", url: server.url })));
    const get = async (exit: (typeof leases)[number]["exit"]): Promise<string> => {
      const agent = agents.take(exit);
      const { body } = await new Promise<Awaited<ReturnType<typeof undici.request>>>((resolve, reject) => {
        (agent.dispatcher as unknown as InstanceType<typeof undici.Agent>).request({ origin: server.url, path: "/", method: "GET" }, (error, data) => (error === null ? resolve(data) : reject(error)));
      });
      const { address } = (await body.json()) as { address: string };
      agents.leave(agent);
      return address;
    };
    const busy = agents.take(leases[0].exit);
    const inUse = errorOf((busy.dispatcher as unknown as InstanceType<typeof undici.Agent>).request({ origin: server.url, path: "/hang", method: "GET" }));
    await until("it arrived", () => server.live === 1);

    for (const { exit } of leases.slice(1)) assert.equal(await get(exit), exit.id);

    assert.ok(agents.size <= 5, `${agents.size} agents`);
    assert.ok(agents.sockets <= 4, `${agents.sockets} sockets`);
    await until("the server sees no more than that", () => server.sockets <= 4);
    assert.equal(server.live, 1, "the one in use was left alone");
    assert.equal(await get(leases[1].exit), leases[1].exit.id, "an exit that was closed comes back");
    await agents.destroy(new Error("over"));
    await inUse;
    agents.leave(busy);
    for (const lease of leases) lease.release();
  });

  test(`${name}: its sockets are among those that the pool counts`, async (t) => {
    const { dispatcher, server, pool } = await bench(t, version, { exits: { local: ["127.0.0.2", "127.0.0.3"], strategy: "rotate" } });
    for (let i = 0; i < 6; i++) await (await undici.request(server.url, { dispatcher })).body.dump();
    const { sockets } = pool.adapterHost;

    assert.equal(sockets.of("local").open, server.sockets);
    assert.equal(sockets.of("local").results.opened, 2);

    await dispatcher.close();
    await until("all are closed", () => sockets.of("local").open === 0);
  });

  test(`${name}: where one dispatcher of the user's own serves all exits, nothing is kept of each, and it stays open`, async (t) => {
    const pool = createExitPool({ exits: { local: ["127.0.0.2", "127.0.0.3"] } });
    t.after(() => pool.close());
    await pool.ready();
    const own = new undici.MockAgent();
    const agents = new ExitAgents(pool.adapterHost, undici, { allowH2: false, agent: undefined, dispatcherFor: own });
    const leases = [await pool.acquire({ method: "GET", url: "http://a.test" }), await pool.acquire({ method: "GET", url: "http://a.test" })];

    const taken = leases.map(({ exit }) => agents.take(exit));

    assert.deepEqual(taken.map(({ dispatcher }) => dispatcher === (own as unknown)), [true, true]);
    assert.equal(agents.size, 0);
    for (const agent of taken) agents.leave(agent);
    await agents.close();
    await agents.destroy(new Error("over"));
    own.get("http://a.test").intercept({ path: "/" }).reply(200, "still open");
    const { body } = await undici.request("http://a.test/", { dispatcher: own });
    assert.equal(await body.text(), "still open");
    await own.close();
    for (const lease of leases) lease.release();
  });

  test(`${name}: an Agent's events are told, with the dispatcher first among the targets`, async (t) => {
    const { dispatcher, server } = await bench(t, version);
    const connected = once(dispatcher, "connect") as Promise<[URL, unknown[]]>;
    const disconnected = once(dispatcher, "disconnect") as Promise<[URL, unknown[]]>;

    await (await undici.request(`${server.url}/close`, { dispatcher })).body.dump();

    const [origin, targets] = await connected;
    assert.equal(origin.origin, server.url);
    assert.equal(targets[0], dispatcher);
    assert.equal((await disconnected)[1][0], dispatcher);
  });

  test(`${name}: many requests with two legs, faults and aborts give back every lease and socket`, async (t) => {
    nothingEscapes(t);
    const { dispatcher, server, pool } = await bench(t, version, { ...TWO_LEGS, exits: { local: Array.from({ length: 20 }, (_, index) => `127.0.0.${index + 2}`) } });
    const paths = ["/", "/status/403", "/status/503", "/reset", "/cut?bytes=10", "/big?bytes=100000", "/delay/15", "/disconnect", "/empty", "/early-hints", "/status/429?retry-after=0", "/cut-chunked"];
    let seed = 42;
    const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;

    const one = async (): Promise<void> => {
      const signal = random(3) === 0 ? AbortSignal.timeout(random(25)) : undefined;
      const method = random(4) === 0 ? "POST" : "GET";
      try {
        const { body } = await undici.request(server.url + paths[random(paths.length)], { dispatcher, method, signal, ...(method === "POST" ? { body: "x" } : {}) });
        if (random(5) === 0) body.on("error", () => {}).destroy();
        else await body.text();
      } catch {
        // Whatever it is: nothing may be left.
      }
    };
    for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 20 }, one));

    await until("every lease is back", () => pool.status().inflight === 0);
  });
}
