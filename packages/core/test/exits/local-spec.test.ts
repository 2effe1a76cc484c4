import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { parseLocalSpec } from "../../src/exits/local-spec.ts";

function meaning(text: unknown, system = "linux"): string {
  const spec = parseLocalSpec(text, system);
  switch (spec.kind) {
    case "auto":
      return "auto";
    case "address":
      return `address ${spec.address.text}`;
    case "range":
      return `range ${spec.range.text}`;
    case "interface":
      return `interface ${spec.name}`;
    case "problem":
      return `problem: ${spec.expected}`;
    default:
      return spec satisfies never;
  }
}

test("an entry is an address, a range, an interface or auto", () => {
  const entries = [
    ["auto", "auto"],
    ["192.0.2.1", "address 192.0.2.1"],
    [" 192.0.2.1\t", "address 192.0.2.1"],
    ["127.0.0.2", "address 127.0.0.2"],
    ["169.254.7.7", "address 169.254.7.7"],
    ["2001:DB8::0:1", "address 2001:db8::1"],
    ["::ffff:192.0.2.1", "address 192.0.2.1"],
    ["192.0.2.1/32", "address 192.0.2.1"],
    ["192.0.2.9/28", "range 192.0.2.0/28"],
    ["0.0.0.0/0", "range 0.0.0.0/0"],
    ["2001:db8::/64", "range 2001:db8::/64"],
    ["eth0", "interface eth0"],
    ["eth0:1", "interface eth0:1"],
    ["eth0.100", "interface eth0.100"],
    ["wg-exit", "interface wg-exit"],
    ["enp0s31f6", "interface enp0s31f6"],
  ];
  for (const [text, expected] of entries) assert.equal(meaning(text), expected, text);
  assert.equal(meaning("vEthernet (Default Switch)", "win32"), "interface vEthernet (Default Switch)");
});

test("an entry that is none of these is refused with what could stand there", () => {
  const entries: [unknown, RegExp][] = [
    ["", /an address of this machine, a CIDR range .* or an interface name/],
    [42, /an address of this machine/],
    [null, /an address of this machine/],
    ["127.0.0.1.5", /four decimal numbers from 0 to 255/],
    ["256.0.0.1", /four decimal numbers/],
    ["10.0.0.x", /four decimal numbers/],
    ["0177.0.0.1", /without leading zeros.*is read as 127\.0\.0\.1 by some programs/],
    ["0x7f.1", /is read as 127\.0\.0\.1/],
    ["127.1", /is read as 127\.0\.0\.1/],
    ["2130706433", /is read as 127\.0\.0\.1/],
    ["10.0.0.0/33", /prefix length from 0 to 32/],
    ["2001:db8::/129", /prefix length from 0 to 128/],
    ["::ffff:10.0.0.0/95", /prefix length from 96 to 128/],
    ["10.0.0/24", /a CIDR range: an address, a slash/],
    ["010.0.0.0/8", /is read as 8\.0\.0\.0/],
    ["0.0.0.0", /means none in particular/],
    ["::", /means none in particular/],
    ["0.0.0.0/32", /means none in particular/],
    ["224.0.0.1", /multicast address/],
    ["ff02::1", /multicast address/],
    ["239.0.0.0/8", /multicast/],
    ["255.255.255.255", /broadcast address/],
    ["fe80::1", /without its zone/],
    ["fe80::/64", /without a zone/],
    ["fe80::1%eth0", /without a zone id/],
    ["2001:db8::g", /an IPv6 address/],
    ["[::1]", /an IPv6 address/],
    ["192.0.2.1:8080", /without brackets and port/],
    ["[::1]:8080", /without brackets and port/],
    ["socks5://192.0.2.1:1080", /exits\.proxies/],
    ["not an address", /an address of this machine/],
    ["an-interface-that-is-too-long", /an address of this machine/],
    ["eth0\u0000", /an address of this machine/],
  ];
  for (const [text, expected] of entries) {
    const found = meaning(text);
    assert.match(found, /^problem: /, String(text));
    assert.match(found, expected, String(text));
  }
});

test("no text makes the parser throw, and an address keeps its meaning when it is written canonically", () => {
  const anything = fc.oneof(fc.string({ unit: "binary" }), fc.ipV4Extended(), fc.ipV6(), fc.tuple(fc.ipV6(), fc.nat(200)).map(([address, length]) => `${address}/${length}`), fc.stringMatching(/^[\d.:/a-fx%]{0,24}$/));
  fc.assert(
    fc.property(anything, (text) => {
      const spec = parseLocalSpec(text, "linux");
      if (spec.kind === "address") assert.deepEqual(parseLocalSpec(spec.address.text, "linux"), spec);
      if (spec.kind === "range") assert.deepEqual(parseLocalSpec(spec.range.text, "linux"), spec);
    }),
    { numRuns: 500 },
  );
});
