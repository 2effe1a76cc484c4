import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { platform } from "node:os";
import test from "node:test";
import { isMultihomeError } from "../../src/errors.ts";
import { checkExits } from "../../src/exits/check-exits.ts";
import { describeExits } from "../../src/exits/describe.ts";
import { resolveExits } from "../../src/exits/inventory.ts";
import type { InventoryDeps, ResolvedExits } from "../../src/exits/inventory.ts";
import type { ExitsOptions } from "../../src/model/options.ts";
import { systemClock } from "../../src/time/clock.ts";
import { bindsAllBut, interfaceTable } from "./support.ts";

const MACHINE = {
  lo: ["127.0.0.1", "::1"],
  eth0: ["203.0.113.5", "203.0.113.6", "10.0.0.5", "192.168.7.5", "2001:db8:0:1::5", "2001:db8:0:1::6", "2001:db8:0:2::5", "fe80::5"],
  docker0: ["172.17.0.1"],
};
const NO_SUCH = "EADDRNOTAVAIL, no such address on this machine";
const linuxOnly = { skip: platform() !== "linux" && "loopback addresses beyond 127.0.0.1 exist on Linux only" };

interface Scene extends Partial<InventoryDeps> {
  machine?: Record<string, string[]>;
}

async function resolve(options: ExitsOptions, { machine = MACHINE, ...deps }: Scene = {}): Promise<ResolvedExits & { ids: string[]; warnings: string[] }> {
  const warnings: string[] = [];
  const resolved = await resolveExits(options, { clock: systemClock, interfaces: () => interfaceTable(machine), checkBind: bindsAllBut(), warn: (message) => warnings.push(message), ...deps });
  return { ...resolved, ids: resolved.exits.map(({ exit }) => exit.id), warnings };
}

const AUTO = ["203.0.113.5", "203.0.113.6", "10.0.0.5", "192.168.7.5", "2001:db8:0:1::5", "2001:db8:0:1::6", "2001:db8:0:2::5"];

test("without a word the exits are the addresses of the real interfaces", async () => {
  const { ids, exits, fellBack, warnings } = await resolve({});
  assert.deepEqual(ids, AUTO);
  assert.deepEqual(exits[0].exit, { id: "203.0.113.5", kind: "local", address: "203.0.113.5" });
  assert.ok(exits.every(({ exit }) => Object.isFrozen(exit)));
  assert.equal(fellBack, false);
  assert.deepEqual(warnings, []);
});

test("a program that names proxies or sources, even none, does not leave by its own address", async () => {
  assert.deepEqual((await resolve({ proxies: ["socks5://192.0.2.1:1080"] })).ids, ["socks5://192.0.2.1:1080"]);
  for (const options of [{ proxies: [] }, { sources: [] }, { sources: ["https://lists.example/socks5.txt"] }]) {
    const { ids, fellBack } = await resolve(options);
    assert.deepEqual(ids, []);
    assert.equal(fellBack, false);
  }
  assert.deepEqual((await resolve({ proxies: ["socks5://192.0.2.1:1080"], local: ["203.0.113.5"] })).ids, ["203.0.113.5", "socks5://192.0.2.1:1080"]);
});

test("entries keep their order, and each address is one exit however often it is named", async () => {
  const { ids } = await resolve({ local: ["203.0.113.6", "2001:DB8:0:1:0::5", "203.0.113.4/30", "eth0", "::ffff:203.0.113.6", "auto"] });
  assert.deepEqual(ids, ["203.0.113.6", "2001:db8:0:1::5", "203.0.113.4", "203.0.113.5", "203.0.113.7", "10.0.0.5", "192.168.7.5", "2001:db8:0:1::6", "2001:db8:0:2::5"]);
});

test("each address is bound once", async () => {
  const checkBind = bindsAllBut();
  await resolve({ local: ["203.0.113.5", "203.0.113.4/31", "auto"] }, { checkBind });
  assert.equal(new Set(checkBind.asked).size, checkBind.asked.length);
  assert.equal(checkBind.asked.filter((address) => address === "203.0.113.5").length, 1);
});

test("what is excluded is no exit and is never bound", async () => {
  const checkBind = bindsAllBut();
  const { ids, left } = await resolve({ local: ["auto", "203.0.113.6", "docker0"], exclude: ["203.0.113.6", "10.0.0.0/8", "2001:db8:0:1::/64", "docker0"] }, { checkBind });
  assert.deepEqual(ids, ["203.0.113.5", "192.168.7.5", "2001:db8:0:2::5"]);
  assert.deepEqual(checkBind.asked, ids);
  assert.deepEqual(left, [{ id: "203.0.113.6", reason: "named by exits.exclude" }]);
});

test("an address that cannot be bound is left out by name and reason", async () => {
  const { ids, left } = await resolve({ local: ["203.0.113.5", "10.0.0.9", "nic7"] }, { checkBind: bindsAllBut({ "10.0.0.9": NO_SUCH }) });
  assert.deepEqual(ids, ["203.0.113.5"]);
  assert.deepEqual(left, [
    { id: "nic7", reason: "no interface of this name is up and has an address; there are lo, eth0, docker0" },
    { id: "10.0.0.9", reason: `cannot be bound: ${NO_SUCH}` },
  ]);
});

test("listed addresses that all fail leave no exit, and no fallback", async () => {
  const { ids, fellBack } = await resolve({ local: ["10.0.0.9"] }, { checkBind: bindsAllBut({ "10.0.0.9": NO_SUCH }) });
  assert.deepEqual(ids, []);
  assert.equal(fellBack, false);
});

test("auto alone that finds nothing falls back to the default address and says so", async () => {
  const scenes: Scene[] = [{ machine: { lo: ["127.0.0.1"] } }, { interfaces: () => ({}) }, { machine: { eth0: ["203.0.113.5"] }, checkBind: bindsAllBut({ "203.0.113.5": "EPERM, not permitted" }) }];
  for (const scene of scenes) {
    const { exits, fellBack, warnings } = await resolve({ local: "auto" }, scene);
    assert.deepEqual(exits, [{ exit: { id: "direct", kind: "direct" }, egressKey: "direct" }]);
    assert.equal(fellBack, true);
    assert.match(warnings.join("\n"), /all requests leave by this machine's default address/);
  }
});

test("a system that does not tell its addresses is warned about", async () => {
  const interfaces = (): never => {
    throw new Error("refused");
  };
  const { ids, warnings } = await resolve({}, { interfaces });
  assert.deepEqual(ids, ["direct"]);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0], /does not tell this machine's addresses/);
});

test("there is no fallback to an address that may be excluded, nor beside anything else", async () => {
  const machine = { lo: ["127.0.0.1"] };
  for (const options of [{ exclude: ["203.0.113.5"] }, { local: ["auto"], proxies: [] }, { local: ["auto", "eth0"] }, { local: [] }, { local: false as const }]) {
    const { ids, fellBack } = await resolve(options, { machine });
    assert.deepEqual(ids, [], JSON.stringify(options));
    assert.equal(fellBack, false);
  }
});

test("a range too large to list stands for this machine's addresses inside it", async () => {
  const checkBind = bindsAllBut();
  assert.deepEqual((await resolve({ local: ["2001:db8::/32"] }, { checkBind })).ids, ["2001:db8:0:1::5", "2001:db8:0:1::6", "2001:db8:0:2::5"]);
  assert.equal(checkBind.asked.length, 3);
  assert.deepEqual((await resolve({ local: ["0.0.0.0/0"] })).ids, ["203.0.113.5", "203.0.113.6", "10.0.0.5", "192.168.7.5", "172.17.0.1"], "not loopback");
  assert.deepEqual((await resolve({ local: ["127.0.0.0/8"] })).ids, ["127.0.0.1"]);
  const { ids, left } = await resolve({ local: ["198.18.0.0/15"] });
  assert.deepEqual(ids, []);
  assert.deepEqual(left, [{ id: "198.18.0.0/15", reason: "none of this machine's addresses lies in it" }]);
});

test("4,096 addresses are listed one by one, 4,097 are not", async () => {
  assert.equal((await resolve({ local: ["10.1.0.0/20"] })).ids.length, 4_096);
  assert.equal((await resolve({ local: ["10.1.0.0/19"] })).ids.length, 0);
  assert.equal((await resolve({ local: ["2001:db8:9::/116"] })).ids.length, 4_096);
  assert.equal((await resolve({ local: ["0.0.0.0/24"] })).ids.length, 255, "the unspecified address binds, and sends by any");
});

test("private addresses that were found share a quota, as do those of one /64; listed ones count each for itself", async () => {
  const keysOf = ({ exits }: ResolvedExits): Record<string, string> => Object.fromEntries(exits.map(({ exit, egressKey }) => [exit.id, egressKey]));

  const found = keysOf(await resolve({}));
  assert.equal(found["10.0.0.5"], found["192.168.7.5"]);
  assert.equal(found["2001:db8:0:1::5"], found["2001:db8:0:1::6"]);
  assert.equal(new Set(Object.values(found)).size, 5);

  const listed = keysOf(await resolve({ local: ["auto", "10.0.0.5", "eth0", "203.0.113.0/30"], proxies: ["socks5://10.0.0.1", "socks5://10.0.0.2"] }));
  for (const [id, key] of Object.entries(listed)) assert.equal(key, id);
});

test("the user says who an exit is to the target", async () => {
  const { exits } = await resolve({ local: ["10.0.0.5", "192.168.7.5"], proxies: ["socks5://u:secret@192.0.2.1"], egress: ({ kind }) => (kind === "local" ? "nat" : "there") });
  assert.deepEqual(exits.map(({ egressKey }) => egressKey), ["nat", "nat", "there"]);
  await assert.rejects(resolve({ local: ["10.0.0.5"], egress: () => undefined as unknown as string }), { name: "TypeError", message: "Expected `exits.egress` to return a string, got `undefined` for 10.0.0.5." });
});

test("a proxy with two passwords is one exit and a warning without either", async () => {
  const { ids, warnings } = await resolve({ proxies: ["socks5://u:first-pw@192.0.2.1:1080", "socks5://u:second-pw@192.0.2.1:1080"] });
  assert.equal(ids.length, 1);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /^The proxy socks5:\/\/192\.0\.2\.1:1080#[0-9a-f]{6} is given with more than one password/);
});

test("every wrong entry is told, with its path, and without a password", async () => {
  const options = {
    local: ["10.0.0.0/33", "203.0.113.5", "socks5://u:hunter2@192.0.2.1:1080", 7 as unknown as string],
    exclude: ["fe80::1%eth0", "auto"],
    proxies: ["socks5://192.0.2.1:1080", "socks5://u:hunter2@192.0.2.1:0", "192.0.2.1:1080:u:hunter2"],
  };
  const { problems } = checkExits(options);
  assert.deepEqual(problems.map(({ path, given }) => [path, given]), [
    ["exits.local[0]", `"10.0.0.0/33"`],
    ["exits.local[2]", `"socks5://***@192.0.2.1:1080"`],
    ["exits.local[3]", "7"],
    ["exits.exclude[0]", `"fe80::1%eth0"`],
    ["exits.exclude[1]", `"auto"`],
    ["exits.proxies[1]", `"socks5://***@192.0.2.1:0"`],
    ["exits.proxies[2]", `"192.0.2.1:1080…"`],
  ]);
  assert.ok(!JSON.stringify(problems).includes("hunter2"));
  await assert.rejects(resolve(options), (error: unknown) => {
    assert.ok(isMultihomeError(error) && error.code === "MH_ERR_CONFIG");
    for (const { path } of problems) assert.ok(error.message.includes(path), path);
    assert.ok(!error.message.includes("hunter2"));
    return true;
  });
});

test("253 loopback addresses by range are 253 exits, and the target sees each of them", linuxOnly, async () => {
  const { exits, left } = await resolveExits({ local: ["127.0.0.0/24"], exclude: ["127.0.0.0/31", "127.0.0.255"] }, { clock: systemClock });
  assert.deepEqual(left, []);
  assert.deepEqual(exits.map(({ exit }) => exit.address), Array.from({ length: 253 }, (_, index) => `127.0.0.${index + 2}`));

  const server = createServer((socket) => socket.end(socket.remoteAddress ?? "nobody"));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const seen = await Promise.all(exits.map(({ exit }) => readFrom(exit.address!, port)));
  await new Promise((done) => server.close(done));
  assert.deepEqual(seen, exits.map(({ exit }) => exit.id));
});

test("an address of nobody is reported, the good ones live", linuxOnly, async () => {
  const { exits, left } = await resolveExits({ local: ["127.0.0.2", "198.51.100.77"] }, { clock: systemClock });
  assert.deepEqual(exits.map(({ exit }) => exit.id), ["127.0.0.2"]);
  assert.deepEqual(left, [{ id: "198.51.100.77", reason: "cannot be bound: EADDRNOTAVAIL, no such address on this machine" }]);
});

test("the list at start is read at a glance", async () => {
  const proxies = Array.from({ length: 10 }, (_, index) => `socks5://user:secret@192.0.2.${index + 1}:1080`);
  const local = ["127.0.0.0/24", "10.0.0.5", "10.0.0.9", "198.51.100.0/30", "auto"];
  const absent = Object.fromEntries(["10.0.0.9", "198.51.100.0", "198.51.100.3"].map((address) => [address, NO_SUCH]));
  const resolved = await resolve({ local, proxies }, { checkBind: bindsAllBut(absent), machine: { eth0: ["192.168.0.5", "192.168.0.6"] } });

  assert.deepEqual(describeExits(resolved).map((line) => line.replaceAll(/#[0-9a-f]{6}/g, "#hash")), [
    "multihome: 271 exits",
    "  261 local addresses: 127.0.0.0 to 127.0.0.255, 10.0.0.5, 198.51.100.1, 198.51.100.2, 192.168.0.5, 192.168.0.6",
    "  10 proxies: " + [1, 2, 3, 4, 5, 6, 7, 8].map((last) => `socks5://192.0.2.${last}:1080#hash`).join(", ") + " and 2 more",
    "  one quota for 192.168.0.5, 192.168.0.6: they may leave by one public address (exits.egress, or listing them, says otherwise)",
    "  198.51.100.0/30 stands for 2 of its 4 addresses",
    "  left out: 10.0.0.9 (cannot be bound: EADDRNOTAVAIL, no such address on this machine)",
  ]);
});

test("the list at start says when nothing is left, and when all leave by the default address", async () => {
  assert.deepEqual(describeExits(await resolve({ local: [] })), ["multihome: no exit"]);
  assert.deepEqual(describeExits(await resolve({}, { machine: {} })), ["multihome: 1 exit, this machine's default address"]);
});

function readFrom(localAddress: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => (text += chunk));
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });
}
