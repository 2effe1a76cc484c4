import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { parsePlainProxy } from "../../src/exits/plain-proxy.ts";
import { parseProxyLine } from "../../src/exits/proxy-line.ts";

function placeOf(line: string): string {
  const parsed = parseProxyLine(line, { defaultProtocol: "socks5" });
  return parsed.kind === "proxy" ? parsed.place : `refused: ${parsed.reason}`;
}

test("one proxy in several spellings is one place", () => {
  const lines = [
    ["192.0.2.1:1080", "socks5://192.0.2.1:1080"],
    ["socks5://192.0.2.1:1080", "socks5://192.0.2.1:1080"],
    ["SOCKS5://192.0.2.1:01080/", "socks5://192.0.2.1:1080"],
    ["socks5h://192.0.2.1:1080", "socks5://192.0.2.1:1080"],
    ["socks5://192.0.2.1", "socks5://192.0.2.1:1080"],
    ["socks5://192.0.2.1:", "socks5://192.0.2.1:1080"],
    [" socks5://192.0.2.1:1080\t", "socks5://192.0.2.1:1080"],
    ["192.0.2.1:1080\r", "socks5://192.0.2.1:1080"],
    ["\ufeffsocks5://192.0.2.1:1080", "socks5://192.0.2.1:1080"],
    ["socks5://192.0.2.1:1080#JP fast", "socks5://192.0.2.1:1080"],
    ["socks5://192.0.2.1:1080?remarks=fast", "socks5://192.0.2.1:1080"],
    ["http://h:80", "http://h:80"],
    ["http://h", "http://h:80"],
    ["https://h", "https://h:443"],
    ["http://0.0.0.0:1", "http://0.0.0.0:1"],
    // Addresses as `http:` URLs read them.
    ["socks5://0177.0.0.1:1080", "socks5://127.0.0.1:1080"],
    ["socks5://0x01.2.3.4:1080", "socks5://1.2.3.4:1080"],
    ["socks5://16909060:1080", "socks5://1.2.3.4:1080"],
    ["socks5://127.1:1080", "socks5://127.0.0.1:1080"],
    ["0177.0.0.1:1080", "socks5://127.0.0.1:1080"],
    ["socks5://１.２.３.４:1080", "socks5://1.2.3.4:1080"],
    ["socks5://1.2.3.4.:1080", "socks5://1.2.3.4:1080"],
    ["socks5://[::ffff:127.0.0.1]:1080", "socks5://127.0.0.1:1080"],
    ["socks5://[0:0:0:0:0:0:0:1]:1080", "socks5://[::1]:1080"],
    ["socks5://[2001:DB8::1]", "socks5://[2001:db8::1]:1080"],
    // Names.
    ["localhost:1080", "socks5://localhost:1080"],
    ["socks5://LocalHost.:1080", "socks5://localhost:1080"],
    ["http://Proxy_1.Example.COM:3128", "http://proxy_1.example.com:3128"],
    ["http://3com.example:3128", "http://3com.example:3128"],
    ["socks5://пример.рф:1080", "socks5://xn--e1afmkfd.xn--p1ai:1080"],
    ["socks5://XN--E1AFMKFD.xn--p1ai:1080", "socks5://xn--e1afmkfd.xn--p1ai:1080"],
  ];
  for (const [line, place] of lines) assert.equal(placeOf(line), place, JSON.stringify(line));
});

test("a line that names no proxy is refused with a reason", () => {
  const lines: [string, RegExp][] = [
    ["", /^empty$/],
    [" \t\r\n", /^empty$/],
    ["192.0.2.1:0", /port is not one of 1 to 65535/],
    ["192.0.2.1:65536", /port is not one of/],
    ["192.0.2.1:99999", /port is not one of/],
    ["socks5://192.0.2.1:99999999999999999999", /port is not a number/],
    ["socks5://192.0.2.1:-1", /port is not a number/],
    ["socks5://192.0.2.1:１０８０", /port is not a number/],
    ["socks5://192.0.2.1:10\n80", /control character/],
    ["socks5://a.b:1080\u0000", /control character/],
    ["socks5://a\u2028b:1080", /control character/],
    ["192.0.2.1:1080:user:pass", /more than host and port: write scheme:\/\/user:password@host:port/],
    ["socks5://::1:1080", /IPv6 address belongs in brackets/],
    ["socks5://fe80::1%eth0:1080", /IPv6 address belongs in brackets/],
    ["socks5://[fe80::1%eth0]:1080", /neither a name nor an address/],
    ["socks5://[127.0.0.1]:1080", /neither a name nor an address/],
    ["socks5://[::1", /bracket that does not close/],
    ["socks5://[::1]1080", /port is not a number/],
    ["socks5://[]:1080", /neither a name nor an address/],
    ["socks5://ex ample:1", /neither a name nor an address/],
    ["192.0.2.1 1080", /neither a name nor an address/],
    ["socks5://1.2.3.256:1080", /neither a name nor an address/],
    ["socks5://1.2.3.4.5:1080", /neither a name nor an address/],
    ["socks5://a..b:1080", /neither a name nor an address/],
    [`socks5://${"a".repeat(64)}.example:1080`, /neither a name nor an address/],
    [`socks5://${"a.".repeat(127)}example:1080`, /neither a name nor an address/],
    ["socks5://%31.2.3.4:1080", /neither a name nor an address/],
    ["socks5://a\\b:1080", /neither a name nor an address/],
    ["socks5://", /no host/],
    ["socks5://:1080", /no host/],
    ["socks5://u:p@:1080", /no host/],
    ["socks4://192.0.2.1:1080", /scheme that is not supported/],
    ["ftp://192.0.2.1:21", /scheme that is not supported/],
    ["javascript:alert(1)", /port is not a number/],
    ["<html>", /neither a name nor an address/],
    ["http://example.com/proxies.txt", /a path/],
    ["socks5://user:pa/ss@192.0.2.1:1080", /percent-encoded/],
    [`socks5://${"u".repeat(256)}:p@192.0.2.1:1080`, /at most 255 bytes/],
    [`socks5://u:${"é".repeat(128)}@192.0.2.1:1080`, /at most 255 bytes/],
    ["http://us%3Aer:p@192.0.2.1:8080", /colon cannot be sent/],
    ["1".repeat(2_049), /longer than 2048/],
    ["1".repeat(10_000_000), /longer than 2048/],
  ];
  for (const [line, reason] of lines) {
    const parsed = parseProxyLine(line, { defaultProtocol: "socks5" });
    assert.ok(parsed.kind === "refused", line.slice(0, 100));
    assert.match(parsed.reason, reason, line.slice(0, 100));
  }
});

test("a line without a scheme is refused where no default is stated", () => {
  for (const line of ["192.0.2.1:1080", "localhost:1080", "user:password@192.0.2.1:1080"]) {
    const parsed = parseProxyLine(line);
    assert.ok(parsed.kind === "refused");
    assert.match(parsed.reason, /^no scheme: /);
  }
});

test("credentials are decoded once, and taken as they stand when they do not decode", () => {
  const lines: [string, string | undefined, string | undefined][] = [
    ["socks5://u:p@192.0.2.1:1", "u", "p"],
    ["socks5://u:p@ss@192.0.2.1:1", "u", "p@ss"],
    ["socks5://u:p%40ss@192.0.2.1:1", "u", "p@ss"],
    ["socks5://u:p%2540ss@192.0.2.1:1", "u", "p%40ss"],
    ["socks5://u:p%zz@192.0.2.1:1", "u", "p%zz"],
    ["socks5://%75ser:p%zz@192.0.2.1:1", "user", "p%zz"],
    ["socks5://u:a:b:c@192.0.2.1:1", "u", "a:b:c"],
    ["socks5://u%3A1:p@192.0.2.1:1", "u:1", "p"],
    ["socks5://ü:p ä@192.0.2.1:1", "ü", "p ä"],
    ["socks5://u@192.0.2.1:1", "u", undefined],
    ["socks5://u:@192.0.2.1:1", "u", ""],
    ["socks5://:p@192.0.2.1:1", "", "p"],
    ["socks5://@192.0.2.1:1", undefined, undefined],
    ["socks5://:@192.0.2.1:1", undefined, undefined],
    ["socks5://192.0.2.1:1", undefined, undefined],
    ["http://u:p%3Aw@192.0.2.1:1", "u", "p:w"],
    ["user:pass@192.0.2.1:1", "user", "pass"],
  ];
  for (const [line, username, password] of lines) {
    const parsed = parseProxyLine(line, { defaultProtocol: "socks5" });
    assert.ok(parsed.kind === "proxy", line);
    assert.deepEqual({ username: parsed.username, password: parsed.password, host: parsed.host, port: parsed.port }, { username, password, host: "192.0.2.1", port: 1 }, line);
  }
});

test("no line makes the parser throw, and a place means itself", () => {
  const piece = fc.constantFrom("socks5://", "http://", "HTTPS://", "socks4://", "@", ":", "/", "[", "]", "::1", "1.2.3.4", "0177.1", "host", "１", "%", "%41", "#", "?", ".", ":1080", ":0", "\u0000", " ", "\ufeff", "é", "\ud800");
  const line = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")), fc.webUrl());
  fc.assert(
    fc.property(line, fc.constantFrom(undefined, "socks5" as const, "http" as const), (text, defaultProtocol) => {
      const parsed = parseProxyLine(text, { defaultProtocol });
      if (parsed.kind === "refused") return;
      assert.ok(parsed.port >= 1 && parsed.port <= 65_535);
      const again = parseProxyLine(parsed.place);
      assert.ok(again.kind === "proxy");
      assert.deepEqual({ ...again, username: parsed.username, password: parsed.password }, parsed);
    }),
    { numRuns: 2_000 },
  );
});

test("the short way for plain lines and the long way for all agree", () => {
  const numbers = fc.array(fc.oneof(fc.nat(300).map(String), fc.constantFrom("0", "00", "01", "255", "256", "")), { minLength: 3, maxLength: 5 }).map((parts) => parts.join("."));
  const port = fc.oneof(fc.nat(70_000).map(String), fc.constantFrom("0", "080", "65535", "65536", "", "1e3"));
  fc.assert(
    fc.property(fc.constantFrom("", "socks5://", "socks5h://", "http://", "https://"), numbers, port, (scheme, host, digits) => {
      const line = `${scheme}${host}:${digits}`;
      const short = parsePlainProxy(line, "http");
      if (short === undefined) return;
      // A label sends the same line the long way.
      assert.deepEqual(parseProxyLine(`${line}#label`, { defaultProtocol: "http" }), short);
    }),
    { numRuns: 1_000 },
  );
  assert.ok(parsePlainProxy("192.0.2.1:1080", "socks5") !== undefined && parsePlainProxy("https://192.0.2.1:1080", undefined) !== undefined, "plain lines take the short way");
});
