import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { noopTransport, scriptedTransport } from "@multihome/core/testing";
import { Feed } from "../src/feed.ts";
import { startStatusServer, statusHandler } from "../src/index.ts";
import { COLUMNS_HEAD, COLUMNS_MAGIC, ROW_BYTES, type ExitFrame, type ExplainFrame, type Frame, type RequestFrame } from "../src/wire.ts";
import { fetchRaw, get, HOST, openPool, openStream } from "./support.ts";

const minute = { name: "r", unit: "request", limit: 4, per: "1m", align: "fixed" } as const;

test("whoever looks gets what was, then a frame a second, the same for all", async () => {
  const { pool, clock } = await openPool();
  const { url } = await startStatusServer(pool);
  await pool.run(get(), scriptedTransport([{ status: 429, headers: { "retry-after": "9" } }, {}]));
  await clock.advance(1_000);
  const [first, second] = await Promise.all([openStream(url), openStream(url)]);
  await first.until(({ hello }) => hello !== undefined);
  assert.deepEqual(first.hello?.frame.refused, { rateLimited: 1, banned: 0 });
  assert.deepEqual(first.hello?.events.map(({ text }) => text), [`${HOST} refused 127.0.1.1 with 429; it rests 9 s`]);

  await pool.run(get(), noopTransport());
  await clock.advance(2_000);

  for (const stream of [first, second]) await stream.until(({ frames }) => frames.length === 2);
  assert.deepEqual(first.frames, second.frames);
  const [, frame] = first.frames;
  assert.equal(frame.completed, 2);
  assert.deepEqual(frame.exits, { total: 3, healthy: 2, cooldown: 1, banned: 0, dead: 0 });
  assert.equal(frame.latency?.samples, 1);
  assert.equal(frame.seq, first.frames[0].seq + 1);
  first.close();
  second.close();
  await pool.close();
});

test("nothing is worked out while nobody looks, and nothing keeps a clock busy", async () => {
  const { pool, clock } = await openPool();
  const overview = pool.overview.bind(pool);
  let asked = 0;
  pool.overview = () => {
    asked++;
    return overview();
  };
  const { url } = await startStatusServer(pool);
  await pool.run(get(), noopTransport());
  await clock.advance(60_000);
  assert.equal(asked, 0);
  const streams = await Promise.all([openStream(url), openStream(url), openStream(url)]);
  for (const stream of streams) await stream.until(({ hello }) => hello !== undefined);
  const before = asked;
  await clock.advance(3_000);
  for (const stream of streams) await stream.until(({ frames }) => frames.length === 3);
  assert.equal(asked - before, 3);
  for (const stream of streams) stream.close();
  while (Feed.of(pool).viewers > 0) await new Promise((resolve) => setImmediate(resolve));
  const after = asked;
  await clock.advance(60_000);
  assert.equal(asked, after);
  await pool.close();
  assert.equal(clock.pending, 0);
});

test("who opens the page after a while without lookers still sees the last minute of answers", async () => {
  const { pool, clock } = await openPool();
  const { url } = await startStatusServer(pool);
  for (const count of [3, 1, 2]) {
    for (let i = 0; i < count; i++) await pool.run(get(), noopTransport());
    await clock.advance(1_000);
  }
  const stream = await openStream(url);
  await stream.until(({ hello }) => hello !== undefined);
  await clock.advance(1_000);
  await stream.until(({ frames }) => frames.length === 1);
  const points = [...(stream.hello?.points ?? []), stream.frames[0].point];
  assert.deepEqual(points.slice(-4).map(([, answered]) => answered), [3, 1, 2, 0]);
  const times = points.map(([at]) => at);
  assert.deepEqual(times, [...new Set(times)].sort((a, b) => a - b));
  stream.close();
  await pool.close();
});

test("a client that never reads its stream is let go, and the others go on", async () => {
  const { pool, clock } = await openPool({ targets: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`target-${i}.test`, { limits: [minute] }])) });
  const { url } = await startStatusServer(pool);
  const { port } = new URL(url);
  const lazy = connect(Number(port), "127.0.0.1");
  lazy.on("error", () => {});
  lazy.pause();
  lazy.write("GET /?data=stream HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  const eager = await openStream(url);
  await eager.until(() => Feed.of(pool).viewers === 2);

  let sent = 0;
  for (; Feed.of(pool).viewers === 2 && sent < 20_000; sent += 20) {
    await clock.advance(20_000);
    await eager.until(({ frames }) => frames.length >= sent + 20);
  }

  assert.equal(Feed.of(pool).viewers, 1);
  assert.ok(!eager.ended);
  eager.close();
  lazy.destroy();
  await pool.close();
});

test("the end of the pool ends streams and the server, and frees the port", async () => {
  const { pool } = await openPool();
  const server = await startStatusServer(pool);
  const stream = await openStream(server.url);
  await stream.until(({ hello }) => hello !== undefined);
  await pool.close();
  await stream.until(({ ended }) => ended);
  await assert.rejects(fetchRaw(server.url), { code: "ECONNREFUSED" });
  await server.close();
});

test("after the pool's end a mounted page still opens, and its data says that the pool is closed", async () => {
  const { pool } = await openPool();
  const handler = statusHandler(pool);
  await pool.close();
  assert.equal((await handler(new Request("http://127.0.0.1/status"))).status, 200);
  assert.equal((await handler(new Request("http://127.0.0.1/status?data=stream"))).status, 503);
});

test("columns are sent whole, then only the rows that changed", async () => {
  const { pool, clock } = await openPool({ targets: { [HOST]: { serverOffset: 0, limits: [minute] } } }, 200);
  const { url } = await startStatusServer(pool);
  const names = JSON.parse((await fetchRaw(`${url}?data=names`)).body) as { revision: number; ids: string[] };
  assert.equal(names.ids.length, 200);
  const whole = await columns(url, 0, names.revision);
  assert.deepEqual([whole.all, whole.rows.length, whole.total], [1, 200, 200]);

  await pool.run(get(), noopTransport());
  await clock.advance(1_000);
  const changed = await columns(url, whole.seq, names.revision);

  assert.deepEqual([changed.all, changed.rows], [0, [{ index: 0, success: 1, fail: 0, load: 50 }]]);
  await clock.advance(1_000);
  assert.deepEqual((await columns(url, changed.seq, names.revision)).rows, []);
  assert.equal((await columns(url, changed.seq, names.revision + 1)).rows.length, 200);
  await pool.close();
});

test("one exit is shown at every target with its budgets and last outcomes, and few exits all at once", async () => {
  const { pool } = await openPool({ queue: { maxAttempts: 1 }, targets: { [HOST]: { serverOffset: 0, limits: [minute] } } }, 1);
  const { url } = await startStatusServer(pool);
  await pool.run(get(), noopTransport());
  await pool.run(get(), scriptedTransport([{ error: "ECONNRESET" }])).catch(() => {});
  const exit = JSON.parse((await fetchRaw(`${url}?data=exit&id=127.0.1.1`)).body) as ExitFrame;
  const [target] = exit.targets;
  assert.deepEqual([exit.id, target.name, target.outcomes, target.limits[0].used], ["127.0.1.1", HOST, [false, true], 2]);
  assert.equal((await fetchRaw(`${url}?data=exit&id=nobody`)).status, 404);
  assert.deepEqual(JSON.parse((await fetchRaw(`${url}?data=exits`)).body), [exit]);
  await pool.close();
});

test("a request is explained in words, and what is wrong with it too", async () => {
  const { pool } = await openPool({ targets: { [HOST]: { serverOffset: 0, limits: [minute] } } }, 2);
  const { url } = await startStatusServer(pool);
  for (let i = 0; i < 4; i++) await pool.run(get(), noopTransport());
  const asked = `${url}?data=explain&method=get&url=${encodeURIComponent(`http://${HOST}/x`)}`;
  const free = JSON.parse((await fetchRaw(asked)).body) as ExplainFrame;
  assert.deepEqual(free.text, [{ level: "good", text: "It could leave at once, by 2 of 2 exits." }]);
  for (let i = 0; i < 4; i++) await pool.run(get(), noopTransport());

  const { text, groups, charges } = JSON.parse((await fetchRaw(asked)).body) as ExplainFrame;

  assert.match(text[0].text, /^No exit can take it now; the first could in /);
  assert.deepEqual(groups.map(({ reason, exits, names }) => ({ reason, exits, names })), [{ reason: "limit:r", exits: 2, names: ["127.0.1.1", "127.0.1.2"] }]);
  assert.match(groups[0].text, /^no room in r; the first window turns in /);
  assert.deepEqual(charges, [{ limit: "r", units: 1, of: 4, perMs: 60_000, scope: "exit" }]);

  const post = (body: string, type = "application/json"): ReturnType<typeof fetchRaw> => fetchRaw(`${url}?data=explain`, { method: "POST", headers: { "content-type": type }, body });
  assert.equal((await post(JSON.stringify({ method: "POST", url: `http://${HOST}/`, body: "x", headers: { a: "b" } }))).status, 200);
  for (const wrong of ["", "{", "null", "[]", '"x"', "{}", '{"url":"/x"}', '{"url":"file:///etc/passwd"}', '{"url":"http://a/","method":"GET /"}', '{"url":"http://a/","headers":{"a":1}}', '{"url":"http://a/","body":{}}']) {
    const { status, body } = await post(wrong);
    assert.equal(status, 400, wrong);
    assert.match((JSON.parse(body) as { error: string }).error, /^Expected /);
  }
  assert.equal((await post("{}", "text/plain")).status, 415);
  assert.equal((await post(JSON.stringify({ url: `http://${HOST}/`, body: "x".repeat(70_000) }))).status, 413);
  await pool.close();
});

test("what banned an exit is told where the exit is, and where a request is explained", async () => {
  const { pool, clock } = await openPool({ queue: { maxAttempts: 1 } }, 1);
  const { url } = await startStatusServer(pool);
  await pool.run(get("/v1/x?signature=secret-4713"), scriptedTransport([{ status: 418, headers: { "retry-after": "120" } }]));
  await clock.advance(30_000);
  const { body } = await fetchRaw(`${url}?data=exit&id=127.0.1.1`);
  const [target] = (JSON.parse(body) as ExitFrame).targets;
  assert.equal(target.status, "banned");
  assert.deepEqual({ agoMs: target.cause?.agoMs, request: target.cause?.request }, { agoMs: 30_000, request: "GET /v1/x" });
  const explained = await fetchRaw(`${url}?data=explain&url=http://${HOST}/`);
  const [group] = (JSON.parse(explained.body) as ExplainFrame).groups;
  assert.deepEqual([group.reason, group.cause], ["banned", target.cause]);
  assert.ok(!`${body}${explained.body}`.includes("4713"));
  await pool.close();
});

test("the last requests are told, newest first, with what they waited for and where they went", async () => {
  const { pool, clock } = await openPool({ targets: { [HOST]: { serverOffset: 0, limits: [minute] } } }, 1);
  const { url } = await startStatusServer(pool);
  const requests = async (): Promise<RequestFrame[]> => {
    await clock.advance(1_000);
    return JSON.parse((await fetchRaw(`${url}?data=requests`)).body) as RequestFrame[];
  };
  assert.deepEqual(await requests(), []);
  for (let i = 0; i < 4; i++) await pool.run(get(`/v1/${i}?key=secret-4713`), noopTransport());
  const late = pool.run(get("/v1/late"), noopTransport());
  const told = await requests();
  assert.deepEqual(told.map(({ path, state }) => [path, state]), [["/v1/late", "waiting"], ["/v1/3", "answered"], ["/v1/2", "answered"], ["/v1/1", "answered"], ["/v1/0", "answered"]]);
  assert.equal(told[0].waits[0].reason, "limit:r");
  assert.deepEqual(told[1].attempts.map(({ exit, verdict }) => [exit, verdict]), [["127.0.1.1", "success"]]);
  assert.ok(!JSON.stringify(told).includes("4713"));

  const why = await fetchRaw(`${url}?data=task&id=${told[0].task}`);
  assert.equal(why.status, 200);
  const { text, groups } = JSON.parse(why.body) as ExplainFrame;
  assert.match(text[0].text, /^No exit can take it now; the first could in /);
  assert.deepEqual(groups.map(({ reason }) => reason), ["limit:r"]);
  for (const task of [told[1].task, "", "nobody's"]) assert.equal((await fetchRaw(`${url}?data=task&id=${task}`)).status, 404, task);
  await clock.advance(60_000);
  await late;
  await pool.close();
});

test("what limits the pool is one sentence", async () => {
  const { pool, clock } = await openPool({ targets: { [HOST]: { serverOffset: 0, limits: [minute] } } }, 2);
  const handler = statusHandler(pool);
  const sentence = async (): Promise<string> => ((await (await handler(new Request("http://127.0.0.1/?data=hello"))).json()) as { frame: Frame }).frame.limiting.text;
  assert.equal(await sentence(), "No requests yet.");
  await clock.advance(48_000);
  await pool.run(get(), noopTransport());
  await clock.advance(1_000);
  assert.equal(await sentence(), "Nothing limits it now: every request leaves at once.");
  for (let i = 0; i < 7; i++) await pool.run(get(), noopTransport());
  await clock.advance(1_000);
  assert.match(await sentence(), /^Nothing waits yet, but r of api\.test is used by 100 % on average and used up on 2 of 2 exits; it turns in 1\d s\.$/);
  const waiting = pool.run(get(), noopTransport());
  await clock.advance(1_000);
  assert.match(await sentence(), /^r is used up on 2 of 2 exits; the next window turns in \d+ s\. 1 request waits for api\.test\.$/);
  await clock.advance(60_000);
  await waiting;
  await pool.close();
});

test("a password of a proxy and an API key of a request are in nothing that is sent", async () => {
  const PASSWORD = "correct-horse-4711";
  const KEY = "api-key-4712";
  const proxies = [1, 2, 3].map((port) => `socks5://user:${PASSWORD}@127.0.0.1:${port}`);
  const { pool, clock } = await openPool({
    exits: { proxies },
    queue: { maxAttempts: 3 },
    targets: { [HOST]: { limits: [{ name: "orders", unit: "request", limit: 2, per: "1m", scope: "account" }], account: ({ headers }) => headers?.["x-mbx-apikey"] as string, weights: () => [{ limit: "orders", units: 1, key: KEY }] } },
  });
  const { url } = await startStatusServer(pool, { token: "t" });
  const headers = { authorization: "Bearer t" };
  const stream = await openStream(url, headers);
  const request = { ...get("/order"), headers: { "x-mbx-apikey": KEY } };
  const ends = [
    pool.run(request, scriptedTransport([{ status: 429 }, { error: "ECONNRESET" }, { status: 418 }]), { timeout: 2_000 }).catch(() => {}),
    pool.run(request, noopTransport(), { timeout: 1_000 }).catch(() => {}),
  ];
  await clock.advance(3_000);
  await Promise.all(ends);
  await stream.until(({ frames }) => frames.length >= 3);
  const said = [JSON.stringify(stream.hello), JSON.stringify(stream.frames)];
  const { ids } = JSON.parse((await fetchRaw(`${url}?data=names`, { headers })).body) as { ids: string[] };
  assert.equal(ids.length, 3);
  for (const query of ["", "?data=names", "?data=hello", "?data=columns", "?data=exits", `?data=exit&id=${encodeURIComponent(ids[0])}`, `?data=exit&id=${encodeURIComponent(proxies[0])}`]) said.push((await fetchRaw(url + query, { headers })).body);
  said.push((await fetchRaw(`${url}?data=explain`, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(request) })).body);
  assert.ok(said.join("").includes("429"));
  for (const secret of [PASSWORD, KEY, Buffer.from(PASSWORD).toString("base64"), encodeURIComponent(PASSWORD)]) for (const text of said) assert.ok(!text.includes(secret), text.slice(0, 200));
  stream.close();
  await pool.close();
});

test("a pool without a status page open ends its process by itself", async () => {
  const pool = createExitPool({ exits: { local: ["127.0.1.1"] } });
  statusHandler(pool);
  await pool.ready();
  const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  await (await statusHandler(pool)(new Request("http://127.0.0.1/?data=columns"))).arrayBuffer();
  assert.equal(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length, before);
  await pool.close();
});

async function columns(url: string, since: number, revision: number): Promise<{ seq: number; all: number; total: number; rows: { index: number; success: number; fail: number; load: number }[] }> {
  const { bytes } = await fetchRaw(`${url}?data=columns&since=${since}&revision=${revision}`);
  const [magic, , seq, count, all, total] = Array.from({ length: 6 }, (_, i) => bytes.readUInt32LE(i * 4));
  assert.equal(magic, COLUMNS_MAGIC);
  assert.equal(bytes.length, COLUMNS_HEAD + count * ROW_BYTES);
  const rows = Array.from({ length: count }, (_, row) => ({
    index: bytes.readUInt32LE(COLUMNS_HEAD + row * 4),
    success: bytes.readUInt32LE(COLUMNS_HEAD + 4 * count + row * 4),
    fail: bytes.readUInt32LE(COLUMNS_HEAD + 8 * count + row * 4),
    load: bytes[COLUMNS_HEAD + 21 * count + row],
  }));
  return { seq, all, total, rows };
}
