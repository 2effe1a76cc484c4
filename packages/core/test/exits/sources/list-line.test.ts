import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { isBlankOrComment, parseListLine, parsePlainLine } from "../../../src/exits/sources/list-line.ts";
import { redactLine } from "../../../src/exits/redact.ts";

function placeOf(line: string): string {
  const parsed = parseListLine(line.trim());
  return parsed.kind === "proxy" ? parsed.place : `refused: ${parsed.reason}`;
}

test("a line of a list is one proxy, with or without a scheme, and SOCKS5 when it has none", () => {
  const lines = [
    ["192.0.2.1:1080", "socks5://192.0.2.1:1080"],
    ["192.0.2.1:01080", "socks5://192.0.2.1:1080"],
    ["\ufeff192.0.2.1:1080", "socks5://192.0.2.1:1080"],
    ["192.0.2.1:1080\r", "socks5://192.0.2.1:1080"],
    ["socks5h://192.0.2.1", "socks5://192.0.2.1:1080"],
    ["http://h:80", "http://h:80"],
    ["https://proxy.example", "https://proxy.example:443"],
    ["socks5://0177.0.0.1:1080", "socks5://127.0.0.1:1080"],
    ["socks5://0x01.2.3.4:1080", "socks5://1.2.3.4:1080"],
    ["socks5://16909060:1080", "socks5://1.2.3.4:1080"],
    ["socks5://１.２.３.４:1080", "socks5://1.2.3.4:1080"],
    ["127.1:1080", "socks5://127.0.0.1:1080"],
    ["[2001:db8::1]:1080", "socks5://[2001:db8::1]:1080"],
    ["[::ffff:127.0.0.1]:1080", "socks5://127.0.0.1:1080"],
    ["Proxy.Example.:1080", "socks5://proxy.example:1080"],
    ["localhost:1080", "socks5://localhost:1080"],
    ["user:p@ss@192.0.2.1:1080", "socks5://192.0.2.1:1080"],
    ["socks5://u:p%zz@192.0.2.1:1080", "socks5://192.0.2.1:1080"],
  ];
  for (const [line, place] of lines) assert.equal(placeOf(line), place, JSON.stringify(line));
});

test("what stands behind the proxy is ignored", () => {
  const lines = [
    "192.0.2.1:1080 US",
    "192.0.2.1:1080\tUS\telite",
    "192.0.2.1:1080 # fast",
    "192.0.2.1:1080,US,2026-11-20 10:00",
    "192.0.2.1:1080;US",
    "192.0.2.1:1080 | 120 ms",
    "socks5://192.0.2.1:1080 US",
    "socks5://192.0.2.1:1080,US",
    "socks5://u:p@192.0.2.1:1080 US",
    "socks5://u;session=1:p,w@192.0.2.1:1080 US",
    "socks5://u;session=1:p,w@192.0.2.1:1080",
    "socks5://u:two words@192.0.2.1:1080",
  ];
  for (const line of lines) assert.equal(placeOf(line), "socks5://192.0.2.1:1080", line);
});

test("credentials are never cut in two to make a proxy of them", () => {
  for (const line of ["socks5://user:1080 word@192.0.2.1:99999", "socks5://user.example:1080,word@192.0.2.1:0", "user.example:1080 word@h:x", "192.0.2.1:10\n80", "192.0.2.1:1080 \n192.0.2.2:1080"]) {
    assert.match(placeOf(line), /^refused/, line);
  }
});

test("what names no proxy is refused with a reason that quotes nothing of it", () => {
  const lines: [string, RegExp][] = [
    ["192.0.2.1:1080:user:pass", /write scheme:\/\/user:password@host:port/],
    ["192.0.2.1:0", /port is not one of 1 to 65535/],
    ["192.0.2.1:65536", /port is not one of/],
    ["192.0.2.1", /neither a scheme nor a port/],
    ["192.0.2.1 1080", /neither/],
    ["192.0.2.1,1080", /neither/],
    ["::1:1080", /IPv6 address belongs in brackets/],
    ["[fe80::1%eth0]:1080", /neither a name nor an address/],
    ["socks4://192.0.2.1:1080", /not supported/],
    ["ftp://192.0.2.1:21", /not supported/],
    ["javascript:alert(1)", /no proxy|neither|not a number/],
    ["javascript://192.0.2.1:1080", /not supported/],
    ["192.0.2.1:10\u000080", /control character/],
    ["192.0.2.1:10\n80", /control character/],
    ["a".repeat(2_049), /longer than 2048/],
  ];
  for (const [line, reason] of lines) assert.match(placeOf(line), reason, JSON.stringify(line).slice(0, 60));
});

test("pages, styles, JSON and prose do not look like proxies", () => {
  const lines = ["<!DOCTYPE html>", "<html><body>", "Not Found", "Forbidden", "404", "error:404", "Updated: 12:30", "12:30", "top:10", "z-index:10;", "margin:0 auto", '{"error":404}', '"192.0.2.1:1080",', "Host: example.com", "</html>"];
  for (const line of lines) assert.match(placeOf(line), /^refused/, line);
});

test("blank lines and comments are no lines", () => {
  for (const line of ["", "# 192.0.2.1:1080", "#", "// list", "; list"]) assert.ok(isBlankOrComment(line), line);
  for (const line of ["192.0.2.1:1080 # fast", "/path", "http://h"]) assert.ok(!isBlankOrComment(line), line);
});

test("no text makes it throw, take long, or show a password, and the short way agrees with the long one", () => {
  const password = fc.stringMatching(/^[A-Za-z0-9%:.,; _~!-]{0,5}KANARIE[A-Za-z0-9%:@.,; _~!-]{0,5}$/);
  const host = fc.oneof(fc.ipV4(), fc.ipV6().map((text) => `[${text}]`), fc.domain(), fc.string({ maxLength: 8 }));
  const structured = fc
    .tuple(fc.constantFrom("", "socks5://", "http://", "SOCKS5H://", "ftp://"), fc.string({ maxLength: 6 }), password, host, fc.constantFrom(":1080", ":0", "", ":x", ":1080 US", ":1080,@"))
    .map(([scheme, user, secret, place, end]) => `${scheme}${user}:${secret}@${place}${end}`);
  const hostile = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ unit: fc.constantFrom(":", ".", "@", " ", ",", "/", "1", "[", "]", "#"), maxLength: 2_048 }), structured);
  fc.assert(
    fc.property(hostile, (line) => {
      const parsed = parseListLine(line.trim());
      const plain = parsePlainLine(line);
      if (plain !== undefined) assert.deepEqual(plain, parsed);
      if (parsed.kind === "proxy") assert.ok(parsed.port >= 1 && parsed.port <= 65_535 && !parsed.place.includes("KANARIE"), line);
      else assert.ok(!parsed.reason.includes("KANARIE") && !redactLine(line).includes("KANARIE"), redactLine(line));
    }),
    { numRuns: 5_000 },
  );
});

test("a password of digits is not taken for a port when a line is shown", () => {
  const lines = [
    ["user:12345:192.0.2.1:1080", "user:…"],
    ["first.last:12345:192.0.2.1:1080", "first.last:…"],
    ["192.0.2.1:1080@user:12345", "***@user:…"],
    ["192.0.2.1:99999", "192.0.2.1:99999"],
    ["socks5://u:p@[2001:db8::1]:0", "socks5://***@[2001:db8::1]:0"],
    ["192.0.2.1:1080:user:secret", "192.0.2.1:1080…"],
    ["<html>", "<html>"],
  ];
  for (const [line, shown] of lines) assert.equal(redactLine(line), shown, line);
});
