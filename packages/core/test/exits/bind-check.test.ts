import assert from "node:assert/strict";
import { createServer } from "node:net";
import { platform } from "node:os";
import test from "node:test";
import { bindCandidates } from "../../src/exits/bind-candidates.ts";
import { createBindCheck } from "../../src/exits/bind-check.ts";
import { parseAddress } from "../../src/exits/address.ts";
import { knownRange } from "../../src/exits/range.ts";
import { systemClock } from "../../src/time/clock.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";

const NOBODY = "198.51.100.77"; // TEST-NET-2
const linuxOnly = { skip: platform() !== "linux" && "loopback addresses beyond 127.0.0.1 exist on Linux only" };

test("an address of this machine can be bound", linuxOnly, async () => {
  const check = createBindCheck(systemClock, new Set(["127.0.0.1"]));
  assert.equal(await check("127.0.0.1"), undefined);
  assert.equal(await check("127.0.0.2"), undefined);
  assert.equal(await check("127.200.100.50"), undefined);
});

test("an address of nobody is absent, with the system's code and a sentence", async () => {
  const check = createBindCheck(systemClock, new Set());
  assert.deepEqual(await check(NOBODY), { absent: true, reason: "EADDRNOTAVAIL, no such address on this machine" });
  assert.equal((await check("2001:db8:dead:beef::1"))?.absent, true);
});

test("a broadcast address binds, would leave by another address, and is refused", linuxOnly, async () => {
  const binds = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen({ host: "127.255.255.255", port: 0 }, () => server.close(() => resolve(true)));
  });
  const refusal = await createBindCheck(systemClock, new Set())("127.255.255.255");
  assert.equal(refusal?.absent, true);
  if (binds) assert.match(refusal.reason, /the system allows it, but what is sent to it does not arrive/);
});

test("what no system accepts is an answer, never a rejection", async () => {
  const check = createBindCheck(systemClock, new Set());
  for (const address of ["fe80::1", "300.1.1.1.invalid"]) {
    const refusal = await check(address);
    assert.equal(typeof refusal?.reason, "string", address);
  }
});

test("a check leaves no timer behind, and needs none to fire", linuxOnly, async () => {
  const clock = new ManualClock();
  const check = createBindCheck(clock, new Set());
  assert.deepEqual(await Promise.all([check("127.0.0.3"), check(NOBODY)]), [undefined, { absent: true, reason: "EADDRNOTAVAIL, no such address on this machine" }]);
  assert.equal(clock.pending, 0);
});

test("an address whose datagram takes the system a second to deliver is not left out", linuxOnly, async () => {
  const clock = new ManualClock();
  const checked = createBindCheck(clock, new Set())("127.0.0.4");
  while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  // Of the loop nothing is read meanwhile: what was sent has not arrived yet.
  await clock.advance(1_000);
  assert.equal(await checked, undefined);
});

test("many addresses are bound with a bounded number at once, and keep their order", async () => {
  const candidates = Array.from({ length: 500 }, (_, index) => ({ address: parseAddress(`10.0.${Math.floor(index / 250)}.${index % 250}`)!, listed: true }));
  let running = 0;
  let most = 0;
  const { usable } = await bindCandidates(candidates, async ({ length }) => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < length % 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return undefined;
  });
  assert.deepEqual(usable, candidates);
  assert.equal(most, 64);
});

test("a range reports in sum, and the absence of a part of it is only noted", async () => {
  const small = knownRange("10.0.0.0/30");
  const empty = knownRange("10.0.1.0/30");
  const candidatesOf = (range: typeof small, start: string) => [0, 1, 2, 3].map((last) => ({ address: parseAddress(`${start}.${last}`)!, listed: true, range }));
  const absent = { absent: true, reason: "EADDRNOTAVAIL, no such address on this machine" };

  const { usable, left, notes } = await bindCandidates([...candidatesOf(small, "10.0.0"), ...candidatesOf(empty, "10.0.1")], async (address) =>
    address === "10.0.0.2" ? undefined : address === "10.0.0.3" ? { absent: false, reason: "EACCES, not permitted" } : absent,
  );

  assert.deepEqual(usable.map(({ address }) => address.text), ["10.0.0.2"]);
  assert.deepEqual(left, [
    { id: "10.0.0.0/30", reason: "1 of its 4 addresses cannot be bound: EACCES, not permitted" },
    { id: "10.0.1.0/30", reason: "4 of its 4 addresses cannot be bound: EADDRNOTAVAIL, no such address on this machine" },
  ]);
  assert.deepEqual(notes, ["10.0.0.0/30 stands for 1 of its 4 addresses"]);
});
