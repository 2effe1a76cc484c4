import assert from "node:assert/strict";
import path from "node:path";
import process from "node:process";
import test from "node:test";
import fc from "fast-check";
import { reasonOf } from "../../../src/exits/sources/redact-source.ts";
import { readSourceSpec } from "../../../src/exits/sources/source-spec.ts";

test("a source is a URL, a path or an object that reads", () => {
  const own = { name: "own", read: async () => [] };
  assert.equal(readSourceSpec("https://lists.example/a.txt").kind, "url");
  assert.equal(readSourceSpec("HTTP://lists.example").kind, "url");
  assert.deepEqual(readSourceSpec("/lists/a.txt"), { kind: "file", name: "/lists/a.txt", path: "/lists/a.txt" });
  assert.deepEqual(readSourceSpec("a.txt"), { kind: "file", name: "a.txt", path: path.join(process.cwd(), "a.txt") });
  assert.deepEqual(readSourceSpec("file:///lists/a%20b.txt"), { kind: "file", name: "file:///lists/a%20b.txt", path: "/lists/a b.txt" });
  assert.deepEqual(readSourceSpec(own), { kind: "own", name: "own", source: own });
  assert.equal(readSourceSpec("C:\\lists\\a.txt").kind, "file");
});

test("anything else is refused without quoting it", () => {
  for (const entry of ["", " ", "a\0b", "ftp://u:s3cret@h/list", "socks5://u:s3cret@h:1080", "http://u:s3cret@[/", "file://host/list", "javascript://s3cret", null, undefined, 5, {}, { name: "s3cret" }, { name: "s3cret", read: 1 }, { read() {} }]) {
    const spec = readSourceSpec(entry);
    assert.equal(spec.kind, "problem", String(entry));
    assert.ok(!JSON.stringify(spec).includes("s3cret"));
  }
});

test("the name of a URL has no credentials, no query and no token", () => {
  const names = [
    ["https://user:s3cret@lists.example/a.txt", "https://***@lists.example/a.txt"],
    ["https://lists.example:8443/a.txt?key=s3cret#s3cret", "https://lists.example:8443/a.txt?…"],
    ["https://lists.example/list/download/s3cretabcdefghijklmnop42/any/", "https://lists.example/list/download/…/any/"],
    ["https://lists.example/raw/main/socks5.txt", "https://lists.example/raw/main/socks5.txt"],
  ];
  for (const [url, name] of names) assert.equal(readSourceSpec(url).kind === "problem" ? "" : (readSourceSpec(url) as { name: string }).name, name);
});

test("a name is short and of one line", () => {
  const spec = readSourceSpec({ name: `a\nb\u001b[31m${"x".repeat(1_000)}`, read: async () => [] });
  assert.match((spec as { name: string }).name, /^a b \[31mx+…$/);
  assert.ok((spec as { name: string }).name.length <= 201);
});

test("no entry makes it throw", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.anything(), fc.webUrl({ withQueryParameters: true }).map((url) => url.replace("://", "://u:s3cret@"))), (entry) => assert.ok(!JSON.stringify({ ...readSourceSpec(entry), url: undefined, source: undefined, path: undefined }).includes("s3cret"))));
});

test("what is said of an error shows no URL, no proxy and no control character", () => {
  const reasons: [unknown, string][] = [
    [new Error("connect ECONNREFUSED 127.0.0.1:1"), "connect ECONNREFUSED 127.0.0.1:1"],
    [Object.assign(new AggregateError([], "x"), { message: "", code: "ECONNREFUSED" }), "ECONNREFUSED"],
    [Object.assign(new Error("aborted"), { code: "ECONNRESET" }), "ECONNRESET"],
    [Object.assign(new TypeError("x"), { message: "" }), "TypeError"],
    [new Error("GET https://u:s3cret@lists.example/?key=s3cret failed"), "GET https://***@lists.example… failed"],
    [new Error("bad line 1.2.3.4:1080:user:s3cret"), "bad line 1.2.3.4:1080…"],
    [new Error("bad line user:s3cret@1.2.3.4:1080"), "bad line ***@1.2.3.4:1080"],
    [new Error("connect ECONNREFUSED 2001:db8::1"), "connect ECONNREFUSED 2001:db8::1"],
    ["only\ntext", "only text"],
    [undefined, "rejected with undefined"],
    [null, "rejected with null"],
    [{ secret: "s3cret" }, "rejected with object"],
  ];
  for (const [error, reason] of reasons) assert.equal(reasonOf(error), reason);
});
