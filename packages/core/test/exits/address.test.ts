import assert from "node:assert/strict";
import { isIP } from "node:net";
import test from "node:test";
import fc from "fast-check";
import { addressOf, lenientReading, parseAddress, scopeOf } from "../../src/exits/address.ts";
import { addressesOf, contains, knownRange, parseRange, sizeOf } from "../../src/exits/range.ts";

test("an address has one spelling", () => {
  const spellings = [
    ["192.0.2.1", "192.0.2.1"],
    ["2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["::", "::"],
    ["::1", "::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "192.0.2.1"],
    // IPv4-compatible (deprecated) and translated addresses are IPv6 addresses; only mapped ones mean IPv4.
    ["::192.0.2.1", "::c000:201"],
    ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ];
  for (const [written, canonical] of spellings) assert.equal(parseAddress(written)?.text, canonical, written);
});

test("what other programs read as an address, and as another one than it looks, is none", () => {
  for (const text of ["127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "127.0.0.1.5", "127.0.0.1 ", "256.0.0.1", "1.2.3", "", "fe80::1%eth0", "[::1]", "::ffff:0177.0.0.1", "1.2.3.4\n"]) {
    assert.equal(parseAddress(text), undefined, JSON.stringify(text));
  }
  assert.equal(lenientReading("0177.0.0.1"), "127.0.0.1");
  assert.equal(lenientReading("eth0"), undefined);
});

test("number and text of an address are the same thing", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => {
      const address = addressOf(value, 6);
      assert.notEqual(isIP(address.text), 0);
      assert.deepEqual(parseAddress(address.text), address);
    }),
  );
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const address = parseAddress(text);
      assert.ok(address !== undefined);
      assert.deepEqual(parseAddress(address.text), address);
    }),
  );
  fc.assert(fc.property(fc.ipV4(), (text) => assert.equal(parseAddress(text)?.text, text)));
});

test("an address knows what kind of place it is", () => {
  const scopes = [
    ["0.0.0.0", "unspecified"], ["::", "unspecified"], ["127.0.0.9", "loopback"], ["::1", "loopback"], ["169.254.1.1", "link-local"], ["fe80::1", "link-local"],
    ["10.1.2.3", "private"], ["172.31.0.1", "private"], ["192.168.0.1", "private"], ["100.64.0.1", "private"], ["fd00::1", "private"],
    ["224.0.0.1", "multicast"], ["ff02::1", "multicast"], ["255.255.255.255", "broadcast"], ["172.32.0.1", "other"], ["203.0.113.9", "other"], ["2001:db8::1", "other"],
  ] as const;
  for (const [text, scope] of scopes) assert.equal(scopeOf(parseAddress(text)!), scope, text);
});

test("a range clears its host bits and knows its size", () => {
  const ranges = [
    ["10.0.0.7/24", "10.0.0.0/24", 256n],
    ["10.0.0.7/32", "10.0.0.7/32", 1n],
    ["0.0.0.0/0", "0.0.0.0/0", 1n << 32n],
    ["::ffff:10.0.0.7/120", "10.0.0.0/24", 256n],
    ["2001:db8::ffff/64", "2001:db8::/64", 1n << 64n],
    ["::/0", "::/0", 1n << 128n],
  ] as const;
  for (const [written, text, size] of ranges) {
    const range = knownRange(written);
    assert.equal(range.text, text, written);
    assert.equal(sizeOf(range), size, written);
  }
});

test("a range that is none says whether its address or its length is wrong", () => {
  assert.deepEqual(parseRange("10.0.0/24"), { problem: "address" });
  for (const [text, least, most] of [["10.0.0.0/33", 0, 32], ["10.0.0.0/-1", 0, 32], ["10.0.0.0/08", 0, 32], ["10.0.0.0/", 0, 32], ["10.0.0.0/8/8", 0, 32], ["::/129", 0, 128], ["::ffff:10.0.0.0/64", 96, 128]] as const) {
    assert.deepEqual(parseRange(text), { problem: "prefix", least, most }, text);
  }
});

test("every address of a range is in it, and none outside is", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 22, max: 32 }), (base, length) => {
      const range = knownRange(`${base}/${length}`);
      const all = [...addressesOf(range)];
      assert.equal(BigInt(all.length), sizeOf(range));
      assert.equal(new Set(all.map(({ text }) => text)).size, all.length);
      for (const address of all) assert.ok(contains(range, address));
      assert.ok(contains(range, parseAddress(base)!));
      assert.ok(!contains(range, { ...all[0], value: range.first - 1n }) && !contains(range, { ...all[0], value: range.last + 1n }));
    }),
    { numRuns: 30 },
  );
  assert.ok(!contains(knownRange("::/0"), parseAddress("10.0.0.1")!), "another family is outside");
});
