import assert from "node:assert/strict";
import type { LookupAddress, LookupOptions } from "node:dns";
import type dns from "node:dns";
import net from "node:net";
import type { TestContext } from "node:test";
import test from "node:test";
import fc from "fast-check";
import { endpointOf } from "../../../src/connect/endpoints.ts";
import { listedExit } from "../../../src/exits/sources/listed-proxy.ts";
import { createPublicLookup, mayBePublic, publicLookup } from "../../../src/exits/sources/public-lookup.ts";
import { reachOf } from "../../../src/exits/sources/reach.ts";
import type { Reach } from "../../../src/exits/sources/reach.ts";
import { readProxies } from "../../../src/exits/proxy-exits.ts";

const ADDRESSES: Record<Reach, string[]> = {
  own: [
    "127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
    "::1", "fc00::1", "fdff::1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b:1::1",
  ],
  public: [
    "1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
    "192.167.255.255", "192.169.0.0", "192.0.1.1", "198.18.0.1", "223.255.255.255", "2001:4860:4860::8888", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1",
  ],
  nobody: [
    "0.0.0.0", "0.1.2.3", "192.0.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::2", "::127.0.0.1", "::ffff:0:127.0.0.1", "ff02::1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "4000::1", "fe00::1",
    "", "localhost", "1.2.3", "1.2.3.4.5", "999.1.1.1", "2852039166",
  ],
};

for (const [reach, addresses] of Object.entries(ADDRESSES)) {
  test(`addresses of which ${reach === "own" ? "our own network knows" : reach === "public" ? "anybody may be at" : "nobody is at"} are told`, () => {
    for (const address of addresses) assert.equal(reachOf(address), reach, address);
  });
}

test("no text makes it throw, and an IPv4 address in the form of IPv6 is judged as itself", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV6()), (text) => void reachOf(text)));
  fc.assert(fc.property(fc.ipV4(), (address) => assert.equal(reachOf(`::ffff:${address}`), reachOf(address))));
});

test("a public list may name this machine by no name, and private addresses in no spelling", () => {
  const may = (line: string): boolean => {
    const { host, isAddress } = readProxies([line]).proxies[0].proxy;
    return mayBePublic(host, isAddress);
  };
  for (const host of ["127.0.0.1", "2852039166", "[::ffff:a9fe:a9fe]", "0x7f.1", "[::1]", "[fd00::1]", "224.0.0.1", "0.0.0.0", "localhost", "LOCALHOST.", "a.localhost"]) {
    assert.ok(!may(`socks5://${host}:1080`), host);
  }
  for (const host of ["1.1.1.1", "[2606:4700::1111]", "proxy.example", "localhost.example"]) assert.ok(may(`socks5://${host}:1080`), host);
});

test("a name is resolved to its public addresses alone", async () => {
  const resolve = resolver({ "mixed.example": ["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111"], "inside.example": ["10.0.0.1"] });
  const lookup = createPublicLookup(reachOf, resolve);
  const ask = (name: string, options: LookupOptions) =>
    new Promise<unknown>((answer, reject) => lookup(name, options, (error, address, family) => (error === null ? answer(options.all === true ? address : [address, family]) : reject(error))));

  assert.deepEqual(await ask("mixed.example", { all: true }), [{ address: "1.1.1.1", family: 4 }, { address: "2606:4700::1111", family: 6 }]);
  assert.deepEqual(await ask("mixed.example", {}), ["1.1.1.1", 4]);
  await assert.rejects(ask("inside.example", { all: true }), { code: "ERR_PRIVATE_ADDRESS", message: /^inside\.example / });
  await assert.rejects(ask("nowhere.example", {}), { code: "ENOTFOUND" });
});

test("a socket with that lookup never touches a name that leads home, whichever way the net module asks", async (t) => {
  const inside = await listening(t);
  for (const autoSelectFamily of [true, false]) {
    const socket = net.connect({ host: "localhost", port: inside.port, lookup: publicLookup, autoSelectFamily });
    const error = await new Promise<Error & { code?: string }>((resolve) => socket.once("error", resolve));
    assert.equal(error.code, "ERR_PRIVATE_ADDRESS");
  }
  assert.equal(inside.accepted(), 0);
});

test("the connector is told to look up so whom strangers named, and nobody else", () => {
  const listed = (line: string, publicSource: boolean) => ({ ...readProxies([line]).proxies[0], publicSource });
  const lookupOf = (line: string, publicSource: boolean) => (endpointOf(listedExit(listed(line, publicSource))) as { lookup?: unknown }).lookup;

  assert.equal(lookupOf("socks5://u:p@proxy.example:1080", true), publicLookup);
  assert.equal(lookupOf("socks5://proxy.example:1080", false), undefined);
  assert.equal(lookupOf("socks5://1.1.1.1:1080", true), undefined);
  const endpoint = endpointOf(listedExit(listed("socks5://u:p@proxy.example:1080", true)));
  assert.deepEqual({ ...endpoint, lookup: undefined }, { protocol: "socks5", host: "proxy.example", port: 1080, username: "u", password: "p", lookup: undefined });
});

function resolver(names: Record<string, string[]>): typeof dns.lookup {
  const resolve = (name: string, _options: LookupOptions, callback: (error: Error | null, found: LookupAddress[]) => void): void => {
    const found = (names[name] ?? []).map((address) => ({ address, family: net.isIP(address) }));
    callback(found.length === 0 ? Object.assign(new Error("not found"), { code: "ENOTFOUND" }) : null, found);
  };
  return resolve as typeof dns.lookup;
}

async function listening(t: TestContext): Promise<{ port: number; accepted: () => number }> {
  let accepted = 0;
  const server = net.createServer((socket) => {
    accepted++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return { port: (server.address() as net.AddressInfo).port, accepted: () => accepted };
}
