// The log and the errors as somebody reads them who was woken by them: which exit, what it answered, and no more lines than can be read.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import type { ExitPoolOptions } from "../../src/index.ts";
import { nodeTransport } from "../../src/node-http/index.ts";
import { closedPort, ManualClock, scriptedTransport, startHttpProxy, startSocksServer } from "../../src/testing/index.ts";
import { addresses, get, openPool, outcome } from "../pool/support.ts";

function recorder(): { lines: string[]; logger: NonNullable<ExitPoolOptions["logger"]> } {
  const lines: string[] = [];
  const line = (level: string) => (_fields: object, text: string) => void lines.push(`${level} ${text}`);
  return { lines, logger: { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") } };
}

const proxies = (count: number): string[] => Array.from({ length: count }, (_, i) => `socks5://192.0.2.${(i % 250) + 1}:${1080 + Math.floor(i / 250)}`);

describe("alerts", () => {
  const ONE_EACH: ExitPoolOptions = { alerts: { consecutiveFailures: 1 }, queue: { maxAttempts: 1 }, summaryEvery: false, defaults: { spacing: 0, race: { mode: "off" } }, health: { cooldownAfter: 1 } };

  test("about proxies are told one by one while they are few, and counted once a minute when they are many", async () => {
    const { lines, logger } = recorder();
    let heard = 0;
    const { pool, clock } = await openPool({ ...ONE_EACH, exits: { proxies: proxies(50), strategy: "rotate" }, health: { cooldownAfter: 1, maxEjected: 1 }, logger });
    pool.on("multihome:alert.raised", () => heard++);
    const alerts = (): string[] => lines.splice(0).filter((line) => line.includes("alert "));
    const fail = async (times: number, host: string): Promise<void> => {
      for (let i = 0; i < times; i++) await outcome(pool.run({ method: "GET", url: `http://${host}/` }, scriptedTransport([{ error: "ECONNREFUSED" }])));
    };

    await fail(8, "a.test");
    await fail(5, "b.test");
    const first = alerts();
    assert.equal(first.length, 3, first.join("\n"));
    for (const line of first) assert.match(line, /^warn alert consecutive-failures \| exit=socks5:\/\/192\.0\.2\.\d+:1080 \| host=a\.test \| count=1$/);
    await clock.advance(60_000);
    assert.deepEqual(alerts(), ["warn alert consecutive-failures | 10 more of proxies in the last minute | host=a.test (5), b.test (5)"]);

    // It goes on: a count a minute, and nothing else.
    await fail(7, "b.test");
    assert.deepEqual(alerts(), []);
    await clock.advance(60_000);
    assert.deepEqual(alerts(), ["warn alert consecutive-failures | 7 more of proxies in the last minute | host=b.test"]);

    // After a minute of quiet the next ones are news again.
    await clock.advance(60_000);
    await fail(4, "c.test");
    assert.equal(alerts().length, 3);
    await pool.close();
    assert.deepEqual(alerts(), ["warn alert consecutive-failures | 1 more of proxies in the last minute | host=c.test"], "what was counted is told at the end");
    assert.equal(heard, 24, "each is an event all the same");
    assert.equal(clock.pending, 0);
  });

  test("about addresses of one's own are a line each, however many", async () => {
    const { lines, logger } = recorder();
    const { pool } = await openPool({ ...ONE_EACH, logger }, 12);
    // Cut after sending: an address may be the one at fault.
    for (let i = 0; i < 6; i++) await outcome(pool.run(get(), scriptedTransport([{ error: "ECONNRESET" }])));
    const alerts = lines.filter((line) => line.includes("alert "));
    assert.deepEqual(alerts, addresses(6).map((exit) => `warn alert consecutive-failures | exit=${exit} | host=api.test | count=1`));
    await pool.close();
  });
});

describe("errors", () => {
  test("of a proxy name it and say what it answered, and never its password", async (t) => {
    const password = "correct-horse-4711";
    const refusing = await startSocksServer({ fault: { kind: "reply", code: 5 } });
    const inventing = await startSocksServer({ fault: { kind: "reply", code: 77 } });
    const guarded = await startSocksServer({ username: "user", password: "another" });
    const lying = await startSocksServer({ fault: { kind: "lie", lie: "http-answer" } });
    const gateway = await startHttpProxy({ fault: { kind: "status", status: 502 } });
    const denying = await startHttpProxy({ username: "user", password: "another" });
    t.after(() => Promise.all([refusing, inventing, guarded, lying, gateway, denying].map((server) => server.close())));
    const closed = await closedPort();
    const cases = [
      { url: refusing.url, says: / would not connect: it answered "connection refused" \(reply 5\)\.$/, reason: "ERR_PROXY_REFUSED (reply 5)" },
      { url: inventing.url, says: / would not connect: it answered with the unknown reply 77\.$/, reason: "ERR_PROXY_REFUSED (reply 77)" },
      { url: `socks5://user:${password}@127.0.0.1:${guarded.port}`, says: / refused the user name or the password\.$/, reason: "ERR_PROXY_AUTH" },
      { url: lying.url, says: / answered with version 72; that is not SOCKS5\.$/, reason: "ERR_PROXY_PROTOCOL" },
      { url: gateway.url, says: / would not connect: it answered CONNECT with 502\.$/, reason: "ERR_PROXY_REFUSED (status 502)" },
      { url: `http://user:${password}@127.0.0.1:${denying.port}`, says: / wants credentials, or refused those it was given \(407\)\.$/, reason: "ERR_PROXY_AUTH (status 407)" },
      { url: `socks5://127.0.0.1:${closed}`, says: /ECONNREFUSED/, reason: "ECONNREFUSED" },
    ];
    for (const { url, says, reason } of cases) {
      const pool = createExitPool({ exits: { proxies: [url] }, queue: { maxAttempts: 1 } });
      await pool.ready();
      const [exit] = pool.explain(get()).exits;
      const error = (await pool.submit({ method: "GET", url: "http://127.0.0.1:9/" }, nodeTransport()).catch((thrown: unknown) => thrown)) as Error & { cause: Error & { exit?: string } };
      assert.equal(error.message, `No success for 127.0.0.1 in 1 attempt; the last attempt, through ${exit.id}: ${reason}.`);
      assert.equal(error.cause.exit, exit.id, "whose it is, also where the message is the system's");
      assert.match(error.cause.message, says);
      if (error.cause.name === "ConnectError") assert.ok(error.cause.message.startsWith(`${exit.id} `), error.cause.message);
      assert.ok(!`${error.stack}${error.cause.stack}${JSON.stringify(error.cause)}`.includes(password));
      await pool.close({ drain: 0 });
    }
  });

  test("of a deadline say what was tried and what is waited for", async () => {
    const [exit] = proxies(1);
    const { pool, clock } = await openPool({ exits: { proxies: [exit] }, health: { cooldownAfter: 1 }, queue: { maxAttempts: 5, timeout: 1_000 } });

    const hanging = pool.run(get(), scriptedTransport([{ hang: true }], { clock })).catch((error: Error) => error.message);
    await clock.advance(10_000);
    assert.equal(await hanging, `No answer from api.test within 1000 ms (queue.timeout); an answer through ${exit} was still awaited.`);

    const resting = pool.submit(get(), scriptedTransport([{ error: "ECONNREFUSED" }])).catch((error: Error) => error.message);
    const behind = pool.submit(get(), scriptedTransport()).catch((error: Error) => error.message);
    await clock.advance(10_000);
    assert.equal(await resting, `No answer from api.test within 1000 ms (queue.timeout); the last attempt, through ${exit}: ECONNREFUSED; no exit was free (circuit-open).`);
    assert.equal(await behind, "No answer from api.test within 1000 ms (queue.timeout); no exit was free (circuit-open).");
    await pool.close({ drain: 0 });
  });

  test("of an open circuit say why it is open", async () => {
    const { pool } = await openPool({ queue: { maxAttempts: 1 }, defaults: { breaker: { threshold: 2 } } }, 2);
    for (let i = 0; i < 2; i++) await outcome(pool.run(get(), scriptedTransport([{ status: 503 }])));
    await assert.rejects(pool.run(get(), scriptedTransport()), { code: "MH_ERR_CIRCUIT_OPEN", message: "Circuit for api.test is open (it failed again and again, through whatever exit); next probe in 30000 ms." });
    await pool.close();
  });
});

describe("the log", () => {
  test("says that lists are being read, and of how many of them something came", async () => {
    const { lines, logger } = recorder();
    const good = { name: "good", read: () => Promise.resolve(["192.0.2.1:1080"]) };
    const empty = { name: "empty", read: () => Promise.resolve([]) };
    const pool = createExitPool({ exits: { local: addresses(1), sources: [good, empty] }, logger, clock: new ManualClock() });
    await pool.ready();
    await pool.close();
    const alone = createExitPool({ exits: { sources: [good] }, logger, clock: new ManualClock() });
    await alone.ready();
    await alone.close();
    assert.deepEqual(lines, [
      "info multihome: 1 exit; reading 2 lists of proxies",
      "info   1 local address: 127.0.1.1",
      "warn The proxy list empty is empty; it gives no proxies yet.",
      "info loaded 1 proxy from 1 of 2 sources",
      "info multihome: reading 1 list of proxies",
      "info loaded 1 proxy from 1 source",
    ]);
  });

  test("says why a task was given up, and what an answer was that is no success", async () => {
    const { lines, logger } = recorder();
    const { pool, clock } = await openPool({ logger, summaryEvery: false, queue: { maxAttempts: 3, timeout: 1_000 }, defaults: { breaker: { threshold: 2 } } }, 2);
    const [first, second] = addresses(2);
    const reasons = (): string[] => lines.splice(0).filter((line) => line.includes("task "));

    await outcome(pool.submit(get(), scriptedTransport([{ status: 500 }])));
    assert.deepEqual(reasons(), ["debug task abandoned | host=api.test | reason=not_tried_again | last_error=status 500"]);
    await pool.run(get(), scriptedTransport([{ status: 500 }]));
    assert.deepEqual(reasons(), [`debug task done | host=api.test | race=1 | winner=${second} | latency=0ms | attempt=1/3 | last_error=status 500`]);
    await outcome(pool.run(get(), scriptedTransport()));
    assert.deepEqual(reasons(), ["debug task abandoned | host=api.test | reason=circuit_open | last_error=none"]);
    const url = "http://other.test/";
    const leases = await Promise.all([pool.acquire({ method: "GET", url }), pool.acquire({ method: "GET", url })]);
    pool.update({ perExitInFlight: 1 });
    const late = outcome(pool.run({ method: "GET", url }, scriptedTransport()));
    await clock.advance(1_000);
    for (const lease of leases) lease.release();
    assert.equal(await late, "error MH_ERR_TIMEOUT");
    assert.deepEqual(reasons(), ["debug task abandoned | host=other.test | reason=timeout | last_error=none"]);
    assert.ok(first);
    await pool.close();
  });

  test("says of a status that explains nothing who made it a failure", async () => {
    const said: unknown[] = [];
    const judge = ({ status }: { status: number }): "blocked" | undefined => (status === 200 ? "blocked" : undefined);
    const { pool } = await openPool({ queue: { maxAttempts: 1 }, health: { cooldownAfter: 1 }, defaults: { classify: { judge } } }, 3);
    pool.on("multihome:lease.settled", ({ reason }) => said.push(reason));
    await pool.run(get(), scriptedTransport([{ status: 200 }]));
    const { cause } = pool.explain(get()).exits[0];
    await pool.run(get(), scriptedTransport([{ status: 403 }]));
    assert.deepEqual(said, ["status 200, classified as blocked", "status 403"]);
    assert.equal(cause?.reason, "1 failure in a row, the last: status 200, classified as blocked");
    await pool.close();
  });

  test("gives no success rate where nothing was tried, and says how long a pause is", async () => {
    const { lines, logger } = recorder();
    const { pool, clock } = await openPool({ logger }, 2);
    await clock.advance(30_000);
    assert.equal(lines.at(-1), "info throughput=0.0/s | success=- | pool: 2 healthy / 0 cooldown / 0 dead | tasks: 0 pending | breakers: (none)");
    await outcome(pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "300" } }, {}])));
    assert.ok(lines.includes(`debug exit ${addresses(1)[0]} | (api.test) healthy → banned | reason=banned | for=300.0s`), lines.join("\n"));
    await pool.close();
  });

  test("is not filled by a classifier or a listener that throws at each request", async () => {
    const { lines, logger } = recorder();
    const judge = (): never => {
      throw new Error("wrong");
    };
    const { pool } = await openPool({ logger, defaults: { classify: { judge } } }, 2);
    pool.on("multihome:task.settled", judge);
    for (let i = 0; i < 120; i++) await pool.run(get(), scriptedTransport());
    assert.deepEqual(lines.filter((line) => line.startsWith("warn")).toSorted(), [
      "warn A listener of multihome:task.settled threw.",
      "warn A listener of multihome:task.settled threw. It has happened 10 times.",
      "warn A listener of multihome:task.settled threw. It has happened 100 times.",
      "warn The classifier of api.test threw; its answer is taken by its status.",
      "warn The classifier of api.test threw; its answer is taken by its status. It has happened 10 times.",
      "warn The classifier of api.test threw; its answer is taken by its status. It has happened 100 times.",
    ]);
    await pool.close();
  });
});
