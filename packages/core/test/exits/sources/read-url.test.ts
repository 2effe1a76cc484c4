import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";
import type { RequestListener } from "node:http";
import test from "node:test";
import type { TestContext } from "node:test";
import zlib from "node:zlib";
import type { GetDeps } from "../../../src/exits/sources/get.ts";
import { ListIntake } from "../../../src/exits/sources/list-intake.ts";
import type { ListContent } from "../../../src/exits/sources/list-intake.ts";
import { readUrl } from "../../../src/exits/sources/read-url.ts";
import { UserIds } from "../../../src/exits/user-ids.ts";
import { createTestCertificate } from "../../../src/testing/certificates.ts";
import { PUBLIC, listen, proxyLines, reachWithPublic, script, serve, until } from "./support.ts";

const LIST = proxyLines(200).join("\n");

async function read(url: string, deps: GetDeps = {}, signal = new AbortController().signal): Promise<ListContent> {
  const intake = new ListIntake(new UserIds());
  await readUrl(new URL(url), intake, signal, deps);
  return intake.close();
}

/** A server whose paths are lists, redirects (`>`) and statuses. */
async function site(t: TestContext, paths: Record<string, string | number>, host?: string) {
  const seen: http.IncomingMessage[] = [];
  const handler: RequestListener = (request, response) => {
    seen.push(request);
    const answer = paths[request.url ?? ""] ?? 404;
    if (typeof answer === "number") response.writeHead(answer).end("1.2.3.4:1080");
    else if (answer.startsWith(">")) response.writeHead(302, { location: answer.slice(1) }).end();
    else response.end(answer);
  };
  return Object.assign(await serve(t, handler, host), { seen });
}

test("a list is read over HTTP, and the socket is closed behind it", async (t) => {
  const server = await site(t, { "/list.txt?limit=5": LIST });

  const list = await read(`${server.url}/list.txt?limit=5`);

  assert.equal(list.proxies.length, 200);
  assert.ok(list.proxies.every(({ publicSource }) => !publicSource));
  const { headers } = server.seen[0];
  assert.equal(headers["accept-encoding"], "gzip, deflate, br");
  assert.equal(headers.authorization, undefined);
  await until(() => server.open.size === 0, "the socket is closed");
});

test("HTTPS is verified", async (t) => {
  const certificate = createTestCertificate();
  const server = await listen(t, https.createServer({ key: certificate.key, cert: certificate.cert }, (_request, response) => void response.end(LIST)), "127.0.0.1", "https");

  assert.equal((await read(server.url, { tls: { ca: certificate.ca } })).proxies.length, 200);
  await assert.rejects(read(server.url), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
});

test("a list that is served over IPv6 is read, too", async (t) => {
  const server = await site(t, { "/": LIST }, "::1").catch(() => undefined);
  if (server === undefined) return t.skip("no IPv6 here");
  assert.equal((await read(server.url)).proxies.length, 200);
  return undefined;
});

const PACKINGS: { encoding: string; how: string; pack: (text: string) => Buffer }[] = [
  { encoding: "gzip", how: "gzip", pack: (text) => zlib.gzipSync(text) },
  { encoding: "x-gzip", how: "gzip", pack: (text) => zlib.gzipSync(text) },
  { encoding: "deflate", how: "zlib", pack: (text) => zlib.deflateSync(text) },
  { encoding: "deflate", how: "raw deflate", pack: (text) => zlib.deflateRawSync(text) },
  { encoding: "br", how: "brotli", pack: (text) => zlib.brotliCompressSync(text) },
  { encoding: "identity", how: "nothing", pack: (text) => Buffer.from(text) },
  { encoding: "GZIP ", how: "gzip", pack: (text) => zlib.gzipSync(text) },
];
for (const { encoding, how, pack } of PACKINGS) {
  test(`a list packed as ${encoding} with ${how} is unpacked, in one piece or byte by byte`, async (t) => {
    for (const size of [Infinity, 1]) {
      const server = await serve(t, (_request, response) => {
        response.writeHead(200, { "content-encoding": encoding });
        const body = pack(proxyLines(20).join("\n"));
        for (let at = 0; at < body.length; at += size) response.write(body.subarray(at, at + size));
        response.end();
      });
      assert.equal((await read(server.url)).proxies.length, 20);
    }
  });
}

test("nothing at all is an empty list in every encoding", async (t) => {
  for (const encoding of ["gzip", "deflate", "br", "identity"]) {
    const server = await serve(t, (_request, response) => void response.writeHead(200, { "content-encoding": encoding }).end());
    const lines = await read(server.url).then((list) => list.lines, (error: Error) => error.message);
    // What is packed is never nothing, and a decoder may insist on that.
    assert.ok(lines === 0 || (encoding !== "identity" && /unexpected end/.test(String(lines))), `${encoding}: ${lines}`);
  }
});

test("an encoding that is not known, and one that is a lie, are failures", async (t) => {
  for (const [encoding, message] of [["zstd", /neither gzip/], ["gzip, gzip", /neither gzip/], ["gzip", /incorrect header/], ["deflate", /./], ["br", /./]] as const) {
    const server = await serve(t, (_request, response) => void response.writeHead(200, { "content-encoding": encoding }).end(LIST));
    await assert.rejects(read(server.url), { message }, encoding);
    await until(() => server.open.size === 0, "the socket is closed");
  }
});

test("a small answer that unpacks without end is cut at 32 MB", async (t) => {
  const bomb = zlib.gzipSync(Buffer.concat([Buffer.from("1.2.3.4:1080\n"), Buffer.alloc(100_000_000, "#\n")]));
  const server = await serve(t, (_request, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(bomb));

  const list = await read(server.url);

  assert.equal(list.cut, "longer than 32 MB");
  assert.equal(list.proxies.length, 1);
  await until(() => server.open.size === 0, "the socket is closed");
});

test("a list without end is cut at 32 MB, and its server is left", async (t) => {
  const server = await serve(t, (_request, response) => {
    const part = `${"#".repeat(1_023)}\n`.repeat(64);
    const write = (): void => {
      while (!response.destroyed && response.write(part));
    };
    response.on("drain", write);
    write();
  });

  const list = await read(server.url);

  assert.equal(list.cut, "longer than 32 MB");
  await until(() => server.open.size === 0, "the socket is closed");
});

test("statuses other than 2xx are failures, with whatever they say", async (t) => {
  const server = await site(t, { "/500": 500, "/403": 403, "/304": 304, "/300": 300 });
  for (const path of ["/500", "/403", "/304", "/300", "/none"]) {
    await assert.rejects(read(server.url + path), { message: `the answer was ${path === "/none" ? 404 : path.slice(1)}` });
  }
  await until(() => server.open.size === 0, "the sockets are closed");
});

test("redirects are followed five times, and no further", async (t) => {
  const server = await site(t, { "/1": ">2", "/2": ">/3", "/3": ">?4", "/3?4": ">./5", "/5": ">6", "/6": LIST, "/0": ">/1", "/loop": ">/loop" });
  assert.equal((await read(`${server.url}/1`)).proxies.length, 200);
  await assert.rejects(read(`${server.url}/0`), { message: "more than 5 redirects" });
  await assert.rejects(read(`${server.url}/loop`), { message: "more than 5 redirects" });
  await until(() => server.open.size === 0, "the sockets are closed");
});

test("redirects lead to HTTP and HTTPS alone", async (t) => {
  const server = await site(t, { "/file": ">file:///etc/passwd", "/ftp": ">ftp://h/", "/data": ">data:text/plain,1.2.3.4:1080", "/bad": ">http://[", "/none": 301 });
  for (const [path, message] of [["/file", /a redirect to a file: URL/], ["/ftp", /ftp:/], ["/data", /data:/], ["/bad", /to nowhere/], ["/none", /\(301\) to nowhere/]] as const) {
    await assert.rejects(read(server.url + path), { message });
  }
});

test("from a public address nothing leads to a private one, by address or by name", async (t) => {
  const inside = await site(t, { "/": LIST });
  const outside = await site(
    t,
    { "/address": `>${inside.url}`, "/name": `>http://localhost:${inside.port}/`, "/mapped": `>http://[::ffff:127.0.0.1]:${inside.port}/`, "/number": `>http://2130706433:${inside.port}/`, "/metadata": ">http://169.254.169.254/", "/again": ">/address" },
    PUBLIC,
  );
  for (const path of ["/address", "/name", "/mapped", "/number", "/metadata", "/again"]) {
    await assert.rejects(read(outside.url + path, { reach: reachWithPublic }), { code: "ERR_PRIVATE_ADDRESS" }, path);
  }
  assert.equal(inside.accepted, 0);
});

test("whether a list is public is decided by where its answer came from", async (t) => {
  const lines = "10.0.0.1:1080\n1.1.1.1:1080\nlocalhost:1\nh.example:1";
  const outside = await site(t, { "/": lines, "/on": ">/" }, PUBLIC);
  const inside = await site(t, { "/": lines, "/out": `>${outside.url}/` });
  for (const url of [`${outside.url}/`, `${outside.url}/on`, `${inside.url}/out`]) {
    const list = await read(url, { reach: reachWithPublic });
    assert.deepEqual(list.proxies.map(({ id, publicSource }) => [id, publicSource]), [["socks5://1.1.1.1:1080", true], ["socks5://h.example:1", true]], url);
    assert.equal(list.refused, 2);
  }
  assert.equal((await read(`${inside.url}/`, { reach: reachWithPublic })).proxies.length, 4);
});

test("credentials of the URL go to its own server and to no other", async (t) => {
  const other = await site(t, { "/": LIST });
  const server = await site(t, { "/": LIST, "/on": ">/", "/away": `>${other.url.replace("http://", "http://x:y@")}` });
  const withUser = (path: string): string => `${server.url.replace("http://", "http://us%65r:p%40ss%zz@")}${path}`;

  await read(withUser("/on"));
  await read(withUser("/away"));

  const expected = `Basic ${Buffer.from("user:p%40ss%zz").toString("base64")}`;
  assert.deepEqual(server.seen.map(({ headers }) => headers.authorization), [expected, expected, expected]);
  assert.equal(other.seen[0].headers.authorization, undefined);
});

test("answers that break HTTP or off are failures, and close their sockets", async (t) => {
  const answers: [string, RegExp][] = [
    ["", /socket hang up/],
    ["garbage\r\n\r\n", /Parse Error/],
    ["HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", /without an answer|hang up/],
    ["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n1.2.3.4:1080\n", /aborted/],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n1.2.3.4:1080\n\r\n", /aborted/],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", /aborted|Parse Error/],
    ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Encoding: deflate\r\n\r\n", /closed|aborted/],
    [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, /Header overflow/],
    ["HTTP/1.1 302 Found\r\nLocation: http://\u0001/\r\n\r\n", /Parse Error|nowhere/],
  ];
  for (const [answer, message] of answers) {
    const server = await script(t, (socket) => void socket.end(answer));
    await assert.rejects(read(server.url), { message }, JSON.stringify(answer.slice(0, 60)));
    await until(() => server.open.size === 0, "the socket is closed");
  }
});

test("what came before the end was cut off is still there", async (t) => {
  const server = await script(t, (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n1.2.3.4:1080\n1.2.3.5:10"));
  const intake = new ListIntake(new UserIds());
  await assert.rejects(readUrl(new URL(server.url), intake, new AbortController().signal));
  // The last line may have been longer.
  assert.deepEqual(intake.close().proxies.map(({ id }) => id), ["socks5://1.2.3.4:1080"]);
});

test("a reset is told from the end of a list that lasts until the connection closes", async (t) => {
  const head = "HTTP/1.1 200 OK\r\n\r\n1.2.3.4:1080\n1.2.3.5:10";
  const whole = await script(t, (socket) => void socket.end(head));
  assert.equal((await read(whole.url)).proxies.length, 2);

  let reset = (): void => {};
  const broken = await script(t, (socket) => {
    reset = () => void socket.resetAndDestroy();
    socket.write(head);
  });
  const intake = new ListIntake(new UserIds());
  const addBytes = intake.addBytes.bind(intake);
  intake.addBytes = (chunk) => {
    reset(); // Not before the bytes have arrived: some systems then report an end.
    return addBytes(chunk);
  };
  await assert.rejects(readUrl(new URL(broken.url), intake, new AbortController().signal), { code: "ECONNRESET" });
  assert.equal(intake.close().proxies.length, 1);
});

test("an abort ends it at once, with its reason, at whatever point it is", async (t) => {
  const reason = new Error("enough");
  const points: [string, (socket: import("node:net").Socket) => void][] = [
    ["before the head", () => {}],
    ["in the head", (socket) => void socket.write("HTTP/1.1 200 OK\r\n")],
    ["before the body", (socket) => void socket.write("HTTP/1.1 200 OK\r\n\r\n")],
    ["in the body", (socket) => void socket.write("HTTP/1.1 200 OK\r\n\r\n1.2.3.4:1080\n")],
    ["in a packed body", (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\u001f")],
    ["before a deflated body", (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n")],
  ];
  for (const [point, answer] of points) {
    const controller = new AbortController();
    const server = await script(t, (socket) => {
      answer(socket);
      setImmediate(() => setImmediate(() => controller.abort(reason)));
    });
    await assert.rejects(read(server.url, {}, controller.signal), () => true, point);
    await until(() => server.open.size === 0, `the socket is closed ${point}`);
  }
});

test("a name that leads nowhere, and a port that nobody listens to, are failures", async () => {
  const lookup: GetDeps["lookup"] = (_name, _options, callback) => callback(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }), []);
  await assert.rejects(read("http://nowhere.example/", { lookup }), { code: "ENOTFOUND" });
  await assert.rejects(read("http://127.0.0.1:1/"), { code: "ECONNREFUSED" });
});

test("the global agent, which the environment may have proxied, is not asked", async (t) => {
  const server = await site(t, { "/": LIST });
  const before = http.globalAgent;
  t.after(() => void (http.globalAgent = before));
  http.globalAgent = Object.assign(new http.Agent(), {
    addRequest() {
      throw new Error("asked");
    },
  });
  assert.throws(() => http.get(server.url), { message: "asked" });
  assert.equal((await read(server.url)).proxies.length, 200);
});
