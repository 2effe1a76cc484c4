import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { endpointOf } from "../../src/connect/endpoints.ts";
import { proxyExit, readProxies } from "../../src/exits/proxy-exits.ts";
import { redactLine } from "../../src/exits/redact.ts";

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

test("lines that mean one exit are one, in the place of the first, with the last password", () => {
  const list = readProxies([
    "socks5://u:old@192.0.2.1:1080",
    "socks5://192.0.2.1:1080",
    "socks5h://192.0.2.1",
    "SOCKS5://u:new@192.0.2.1:1080#label",
    "http://192.0.2.1:1080",
    "socks5://v:old@192.0.2.1:1080",
  ]);

  const user = `socks5://192.0.2.1:1080#${digest("u").slice(0, 6)}`;
  assert.deepEqual(
    list.proxies.map(({ id, proxy }) => [id, proxy.password]),
    [
      [user, "new"],
      ["socks5://192.0.2.1:1080", undefined],
      ["http://192.0.2.1:1080", undefined],
      [`socks5://192.0.2.1:1080#${digest("v").slice(0, 6)}`, "old"],
    ],
  );
  assert.deepEqual([...list.repeated], [user]);
});

test("the same password twice is not worth a warning", () => {
  const list = readProxies(["http://u:p@h:1", "HTTP://u:%70@h.:1"]);
  assert.equal(list.proxies.length, 1);
  assert.equal(list.repeated.size, 0);
});

test("bad lines are counted with their place and reason, and the good ones live", () => {
  const list = readProxies(["192.0.2.1:1080", "<html>", "192.0.2.2:99999", "192.0.2.3:1080"], { defaultProtocol: "socks5" });
  assert.deepEqual(list.proxies.map(({ id }) => id), ["socks5://192.0.2.1:1080", "socks5://192.0.2.3:1080"]);
  assert.deepEqual(list.refused.map(({ index, given }) => [index, given]), [[1, "<html>"], [2, "192.0.2.2:99999"]]);
});

test("two users whose hashes begin alike are two exits with two ids", () => {
  // Found by search: the first six digits of both digests agree.
  const [first, second] = collidingUsers();
  assert.equal(digest(first).slice(0, 6), digest(second).slice(0, 6));

  const { proxies } = readProxies([`http://${first}:p@h:1`, `http://${second}:p@h:1`]);

  assert.equal(proxies.length, 2);
  assert.notEqual(proxies[0].id, proxies[1].id);
  for (const { id } of proxies) assert.match(id, /^http:\/\/h:1#[0-9a-f]{6}$/);
});

test("an exit is frozen and knows its address only where it was given as one", () => {
  const [byName, byAddress, mapped] = readProxies(["https://proxy.example:8443", "socks5://[2001:DB8::1]:1080", "http://[::ffff:192.0.2.1]:1"]).proxies.map(proxyExit);
  assert.deepEqual(byName, { id: "https://proxy.example:8443", kind: "http" });
  assert.deepEqual(byAddress, { id: "socks5://[2001:db8::1]:1080", kind: "socks5", address: "2001:db8::1" });
  assert.deepEqual(mapped, { id: "http://192.0.2.1:1", kind: "http", address: "192.0.2.1" });
  assert.ok(Object.isFrozen(byName) && Object.isFrozen(byAddress));
});

test("the password is with the connector and nowhere in the exit", () => {
  const secret = "s3cret-canary";
  const exit = proxyExit(readProxies([`socks5://user:${secret}@[2001:db8::1]:1080`]).proxies[0]);
  assert.deepEqual(endpointOf(exit), { protocol: "socks5", host: "2001:db8::1", port: 1080, username: "user", password: secret });
  for (const shown of [JSON.stringify(exit), inspect(exit, { depth: Infinity, showHidden: true, getters: true }), exit.id]) assert.ok(!shown.includes(secret) && !shown.includes("user"), shown);
});

test("canonical forms that are equal have one id, and no id and no refused line shows a password", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9%:._~!-]{0,6}KANARIE[A-Za-z0-9%:@._~!-]{0,6}$/);
  const host = fc.oneof(fc.ipV4(), fc.ipV6().map((text) => `[${text}]`), fc.domain(), fc.constantFrom("", "bad host", "1.2.3.4.5", "::1", "[::1"));
  const end = fc.constantFrom("", ":1080", ":01080", ":0", ":99999", ":x", ":1080/", ":1080/path", "\u0000", "#label", ":1:2:3");
  const user = fc.stringMatching(/^[a-z0-9%]{0,8}$/);
  fc.assert(
    fc.property(fc.constantFrom("socks5://", "SOCKS5H://", "http://", "ftp://", "", "javascript:"), user, secret, host, end, (scheme, name, password, place, tail) => {
      const line = `${scheme}${name}:${password}@${place}${tail}`;
      const list = readProxies([line, ` ${line}\t`, line.replace("SOCKS5H", "socks5")]);
      assert.ok(list.proxies.length <= 1, line);
      for (const { id } of list.proxies) assert.ok(!id.includes("KANARIE"), id);
      for (const { given, reason } of list.refused) assert.ok(!given.includes("KANARIE") && !reason.includes("KANARIE"), given);
    }),
    { numRuns: 2_000 },
  );
});

test("what is shown of a line is what stands where scheme, host and port stand", () => {
  const lines = [
    ["socks5://u:secret@192.0.2.1:99999", "socks5://***@192.0.2.1:99999"],
    ["socks5://u:sec@ret@h:1/path", "socks5://***@h:…"],
    ["socks5://u:sec/ret@h:1", "socks5://***@h:…"],
    ["user:12345:proxy.example:1080", "user:…"],
    ["socks5://user:12345", "socks5://user:…"],
    ["socks4://[2001:db8::1]:1080", "socks4://[2001:db8::1]:1080"],
    ["192.0.2.1:1080:user:secret", "192.0.2.1:1080…"],
    ["socks5://user:secret", "socks5://user…"],
    ["socks5://user:123456789", "socks5://user…"],
    ["host:1080@user:secret", "***@user…"],
    ["socks5://h\u001b[31m:1", "socks5://h…"],
    [`http://${"a".repeat(5_000)}`, `http://${"a".repeat(64)}…`],
    ["", ""],
  ];
  for (const [line, shown] of lines) assert.equal(redactLine(line), shown, line.slice(0, 100));
});

test("twenty thousand lines are read once each, duplicates included", () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `10.${Math.floor(index / 2 / 250)}.${Math.floor(index / 2) % 250}.1:1080`);
  const { proxies, refused } = readProxies(lines, { defaultProtocol: "socks5" });
  assert.equal(proxies.length, 10_000);
  assert.equal(refused.length, 0);
});

/** 24 bits: a few thousand names are enough for two to meet. */
function collidingUsers(): [string, string] {
  const seen = new Map<string, string>();
  for (let index = 0; ; index++) {
    const name = `user-${index}`;
    const start = digest(name).slice(0, 6);
    const other = seen.get(start);
    if (other !== undefined) return [other, name];
    seen.set(start, name);
  }
}
