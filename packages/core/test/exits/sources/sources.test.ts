import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";
import type { ExitSource } from "../../../src/model/options.ts";
import { answering, directory, idsOf, proxyLines, serve, sourcesOf, until } from "./support.ts";

const TEN_MINUTES = 600_000;

test("lists from a URL, a file and a source of one's own are one, and a line says how many", async (t) => {
  const server = await serve(t, (_request, response) => response.end("203.0.113.1:1080\nsocks5h://203.0.113.2\n"));
  const file = path.join(await directory(t), "list.txt");
  await writeFile(file, "socks5://203.0.113.2:1080\nhttp://203.0.113.2:8080\n");
  const { sources, found, infos, warnings } = sourcesOf(t, [server.url, file, answering("own", ["203.0.113.2:1080 US", "https://h.example"])]);

  await sources.start();

  assert.equal(found.length, 1);
  assert.deepEqual(idsOf(found[0]), ["socks5://203.0.113.1:1080", "socks5://203.0.113.2:1080", "http://203.0.113.2:8080", "https://h.example:443"]);
  assert.equal(found[0].sources, 3);
  assert.deepEqual(infos, ["loaded 4 proxies from 3 sources"]);
  assert.deepEqual(warnings, []);
  assert.deepEqual(sources.status.map(({ name, ok, proxies }) => [name, ok, proxies]), [[server.url + "/", true, 2], [file, true, 2], ["own", true, 2]]);
});

test("all sources are read at once", async (t) => {
  let inside = 0;
  let most = 0;
  const source = (name: string): ExitSource => ({
    name,
    async read() {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
      return ["203.0.113.1:1"];
    },
  });
  const { sources, infos } = sourcesOf(t, [source("a"), source("b"), source("c")]);
  await sources.start();
  assert.equal(most, 3);
  assert.deepEqual(infos, ["loaded 1 proxy from 3 sources"]);
});

test("entries that are no sources are one error, which lists them all and shows no password", () => {
  const make = () => sourcesOf({ after() {} } as never, ["list.txt", "ftp://u:s3cret@h/", { name: "x" } as never, ""]);
  assert.throws(make, (error: Error & { code?: string }) => {
    assert.equal(error.code, "MH_ERR_CONFIG");
    for (const index of [1, 2, 3]) assert.ok(error.message.includes(`exits.sources[${index}]: got `), error.message);
    assert.ok(!error.message.includes("s3cret"));
    return true;
  });
});

test("lists are read again after ten minutes, exactly, and merged with what was known", async (t) => {
  const source = answering("own", proxyLines(3), proxyLines(3, 1));
  const { sources, clock, found } = sourcesOf(t, [source]);
  await sources.start();
  const before = found[0].listed;

  await clock.advance(TEN_MINUTES - 1);
  assert.equal(source.reads, 1);
  await clock.advance(1);
  await until(() => found.length === 2, "the second round");

  assert.deepEqual(idsOf(found[1]), idsOf({ listed: before, sources: 1 }).slice(1).concat("socks5://203.0.0.3:1080"));
  await clock.advance(TEN_MINUTES);
  await until(() => found.length === 3, "the third round");
});

test("a wait of two months is no wait of a millisecond", async (t) => {
  const source = answering("own", proxyLines(3));
  const months = 60 * 86_400_000;
  const { sources, clock, found } = sourcesOf(t, [source], { refreshEveryMs: months });
  await sources.start();
  await clock.advance(months - 1);
  assert.equal(source.reads, 1);
  await clock.advance(1);
  await until(() => found.length === 2, "the second round");
});

test("a source that fails keeps its list, is told of once, and once more when it is back", async (t) => {
  const down = Object.assign(new Error("connect ECONNREFUSED 203.0.113.9:443"), { code: "ECONNREFUSED" });
  const { sources, found, warnings, infos } = sourcesOf(t, [answering("own", proxyLines(50), down, down, down, proxyLines(60))]);
  await sources.start();

  for (let round = 1; round <= 3; round++) {
    await sources.refresh();
    assert.equal(found[round].listed.length, 50);
    assert.equal(sources.status[0].ok, false);
    assert.match(sources.status[0].error ?? "", /ECONNREFUSED/);
  }
  await sources.refresh();

  assert.equal(found[4].listed.length, 60);
  assert.deepEqual(warnings, ["The proxy list own could not be read (connect ECONNREFUSED 203.0.113.9:443); its 50 proxies of before stay."]);
  assert.deepEqual(infos, ["loaded 50 proxies from 1 source", "the proxy list own is back, with 60 proxies", "loaded 60 proxies from 1 source"]);
  assert.deepEqual({ ...sources.status[0], lastReadAt: 0 }, { name: "own", ok: true, proxies: 60, refused: 0, lastReadAt: 0 });
});

test("a failure of another kind is told of again", async (t) => {
  const page = ["<html>", "<body>502 Bad Gateway</body>", "</html>"];
  const { sources, warnings } = sourcesOf(t, [answering("own", proxyLines(50), new Error("down"), page, page, [], proxyLines(2), new Error("down"))]);
  await sources.start();
  for (let round = 0; round < 6; round++) await sources.refresh();
  assert.deepEqual(
    warnings.map((line) => line.replace("The proxy list own ", "")),
    [
      "could not be read (down); its 50 proxies of before stay.",
      'is no list: 0 of its 3 lines name a proxy (line 1, "<html>": the host is neither a name nor an address); its 50 proxies of before stay.',
      "is empty; its 50 proxies of before stay.",
      "shrank from 50 proxies to 2, which is believed when it says so twice; its 50 proxies of before stay.",
      "could not be read (down); its 50 proxies of before stay.",
    ],
  );
});

test("a list that lost nine tenths is believed when it says so twice in a row, failures in between aside", async (t) => {
  const { sources, found } = sourcesOf(t, [answering("own", proxyLines(100), proxyLines(10), new Error("down"), proxyLines(9), [], [], [])]);
  await sources.start();
  const counts: number[] = [];
  for (let round = 0; round < 6; round++) {
    await sources.refresh();
    counts.push(found.at(-1)?.listed.length ?? -1);
  }
  assert.deepEqual(counts, [100, 100, 9, 9, 9, 9]);
});

test("a list that shrinks for one answer only is not believed the next time either", async (t) => {
  const { sources, found } = sourcesOf(t, [answering("own", proxyLines(100), proxyLines(5), proxyLines(100), proxyLines(5))]);
  await sources.start();
  for (let round = 0; round < 3; round++) await sources.refresh();
  assert.deepEqual(found.map(({ listed }) => listed.length), [100, 100, 100, 100]);
});

test("one source that fails takes nothing from the others, and is not counted", async (t) => {
  const { sources, found, infos, warnings } = sourcesOf(t, [answering("good", proxyLines(5)), "/no/such/list", "http://127.0.0.1:1/list", answering("empty", [])]);
  await sources.start();
  assert.equal(found[0].listed.length, 5);
  assert.deepEqual(infos, ["loaded 5 proxies from 1 of 4 sources"]);
  assert.equal(warnings.length, 3);
  assert.ok(warnings.every((line) => line.endsWith("it gives no proxies yet.")), warnings.join("\n"));
  assert.deepEqual(sources.status.map(({ ok }) => ok), [true, false, false, false]);
});

test("bad lines are told of once, with one of them", async (t) => {
  const lines = [...proxyLines(200), "203.0.113.1:1080:user:s3cret", "nonsense", "socks4://203.0.113.1:1080"];
  const { sources, warnings, said } = sourcesOf(t, [answering("own", lines)]);
  await sources.start();
  await sources.refresh();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /^3 of 203 lines of the proxy list own name no proxy, such as line 201, "203\.0\.113\.1:1080…": more than host and port/);
  assert.ok(!said.join().includes("s3cret"));
  assert.equal(sources.status[0].refused, 3);
});

test("two passwords for one proxy are told of once, within a list and between lists, and never shown", async (t) => {
  const { sources, warnings, said, found } = sourcesOf(t, [answering("a", ["http://u:s3cret1@h:1", "http://u:s3cret2@h:1"]), answering("b", ["http://u:s3cret3@h:1"])]);
  await sources.start();
  await sources.refresh();
  assert.equal(found[1].listed[0].proxy.password, "s3cret3");
  assert.equal(warnings.length, 2);
  assert.ok(!said.join().includes("s3cret"), said.join());
});

test("no secret of a URL, a list or an error is ever said", async (t) => {
  const server = await serve(t, (request, response) => {
    response.statusCode = request.url?.startsWith("/bad") === true ? 500 : 200;
    response.end("http://u:CANARY@h.example:1\nhttp://u:CANARY@h.example:99999\nCANARY:1234:5:6\n");
  });
  const withSecrets = (where: string): string => `${server.url.replace("http://", "http://user:CANARY@")}${where}?token=CANARY`;
  const failing = answering("own", new Error("no answer from https://u:CANARY@lists.example/?k=CANARY for h:1:u:CANARY"));
  const { sources, said } = sourcesOf(t, [withSecrets("/good"), withSecrets("/bad"), failing, withSecrets("/good")]);
  await sources.start();
  const all = [...said, JSON.stringify(sources.status)].join("\n").replaceAll('"CANARY:…"', "");
  assert.ok(!all.includes("CANARY"), all);
  assert.deepEqual(sources.status.map(({ name }) => name.replace(server.url.slice(7), "H")), ["http://***@H/good?…", "http://***@H/bad?…", "own", "http://***@H/good?… (2)"]);
});

test("a source that never answers is given up after sixty seconds, and the others are used then", async (t) => {
  const hanging = await serve(t, () => {});
  const signals: AbortSignal[] = [];
  const deaf: ExitSource = {
    name: "deaf",
    read(signal) {
      signals.push(signal);
      return new Promise(() => {});
    },
  };
  const { sources, clock, found, warnings } = sourcesOf(t, [hanging.url, deaf, answering("good", proxyLines(3))]);
  const started = sources.start();
  await until(() => hanging.accepted === 1, "the request has come");

  await clock.advance(59_999);
  assert.equal(found.length, 0);
  await clock.advance(1);
  await started;

  assert.equal(found[0].listed.length, 3);
  assert.equal(warnings.filter((line) => line.includes("could not be read (no end within 60 s)")).length, 2);
  assert.ok(signals[0].aborted);
  await until(() => hanging.open.size === 0, "the socket is closed");
});

test("of a list that drips, what has come after sixty seconds is used, and later nothing less than that", async (t) => {
  let lines = proxyLines(20);
  let waiting = 0;
  const dripping: ExitSource = {
    name: "dripping",
    async *read(signal) {
      yield* lines;
      waiting++; // Asked for more, and all of these have been taken.
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  };
  const { sources, clock, found, warnings } = sourcesOf(t, [dripping]);
  const round = async (read: Promise<void>, number: number): Promise<void> => {
    await until(() => waiting === number, "its lines have come");
    await clock.advance(60_000);
    await read;
  };

  await round(sources.start(), 1);
  assert.equal(found[0].listed.length, 20);
  assert.deepEqual(warnings, ["The proxy list dripping could not be read to its end (no end within 60 s); what came of it is used: 20 proxies."]);

  lines = proxyLines(19, 100);
  await round(sources.refresh(), 2);
  assert.equal(found[1].listed, found[0].listed);
  assert.equal(sources.status[0].ok, false);

  lines = proxyLines(21, 100);
  await round(sources.refresh(), 3);
  assert.equal(found[2].listed.length, 21);
});

test("a refresh during a round is a round of its own behind it, one for all who ask", async (t) => {
  const answers: ((lines: string[]) => void)[] = [];
  const source: ExitSource = { name: "slow", read: () => new Promise((resolve) => answers.push(resolve)) };
  const { sources, found } = sourcesOf(t, [source]);
  const started = sources.start();
  assert.equal(sources.start(), started);
  const [one, other] = [sources.refresh(), sources.refresh()];
  assert.equal(one, other);

  assert.equal(answers.length, 1);
  answers[0](proxyLines(1));
  await started;
  await until(() => answers.length === 2, "the second round");
  answers[1](proxyLines(2));
  await Promise.all([one, other]);

  assert.deepEqual(found.map(({ listed }) => listed.length), [1, 2]);
  assert.equal(answers.length, 2);
});

test("stop gives up what is being read, and nothing is heard of it any more", async (t) => {
  const hanging = await serve(t, (_request, response) => void response.write("203.0.113.1:1080\n"));
  const { sources, clock, found, warnings, infos } = sourcesOf(t, [hanging.url, answering("own", proxyLines(3))]);
  const started = sources.start();
  const behind = sources.refresh();
  await until(() => hanging.accepted === 1, "the request has come");

  sources.stop();
  await Promise.all([started, behind]);
  await until(() => hanging.open.size === 0, "the socket is closed");
  await sources.refresh();
  sources.stop();
  await clock.advance(10 * TEN_MINUTES);

  assert.deepEqual([found.length, warnings.length, infos.length, clock.pending], [0, 0, 0, 0]);
});

test("between rounds one timer waits, and it does not keep the process alive", async (t) => {
  let refs = 0;
  const timers = new Set<object>();
  const clock = {
    now: () => 0,
    wallTime: () => 0,
    setTimeout: () => {
      const timer = { unref: () => void refs-- };
      refs++;
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer: unknown) => {
      if (timers.delete(timer as object)) refs--;
    },
  };
  const { sources } = sourcesOf(t, [answering("own", proxyLines(3))], { clock });
  await sources.start();
  assert.equal(timers.size, 1);
  assert.equal(refs, 0);
  sources.stop();
  assert.equal(timers.size, 0);
});

test("what the listener throws reaches who asked, and in the background becomes a warning", async (t) => {
  const source = answering("own", proxyLines(3));
  const onChange = (): void => {
    throw new Error("full");
  };
  const { sources, clock, warnings } = sourcesOf(t, [source], { onChange });
  await assert.rejects(sources.start(), /full/);
  await clock.advance(TEN_MINUTES);
  await until(() => warnings.length === 1, "the warning");
  assert.match(warnings[0], /could not be used \(full\)/);
  await clock.advance(TEN_MINUTES);
  await until(() => source.reads === 3, "the rounds go on");
});

test("no sources are an empty list, and no timer", async (t) => {
  const { sources, clock, found, infos } = sourcesOf(t, []);
  await sources.start();
  assert.deepEqual(found, [{ listed: [], sources: 0 }]);
  assert.deepEqual(infos, ["loaded 0 proxies from 0 sources"]);
  assert.equal(clock.pending, 0);
});

test("users that are made up anew at each refresh are forgotten", async (t) => {
  let session = 0;
  const source: ExitSource = { name: "own", read: async () => Array.from({ length: 500 }, () => `http://user-${session++}:p@h.example:1`) };
  const { sources, found } = sourcesOf(t, [source]);
  await sources.start();
  for (let round = 0; round < 10; round++) await sources.refresh();
  assert.equal(new Set(idsOf(found[10])).size, 500);
  assert.equal(session, 5_500);
});
