import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import type { ExitPoolOptions } from "../../src/index.ts";
import { ManualClock, scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, outcome } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "multihome-pool-state-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("bans and what was spent of a window survive a restart", async () => {
  const file = join(folder, "state.json");
  const clock = new ManualClock();
  const options: ExitPoolOptions = { exits: { local: addresses(2) }, clock, state: { file }, logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }, targets: { "api.test": { serverOffset: 0, limits: [{ name: "r", unit: "request", limit: 10, per: "1h", align: "fixed" }] } } };
  const before = createExitPool(options);
  await before.ready();
  assert.equal(await outcome(before.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "7200" } }, {}]))), "answer 200");
  for (let i = 0; i < 6; i++) await before.run(get(), scriptedTransport());
  await before.close();
  assert.ok(!readFileSync(file, "utf8").includes("password"));

  const again = createExitPool(options);
  await again.ready();
  const [banned, other] = addresses(2);
  const { exits } = again.status().targets["api.test"];
  assert.equal(exits[banned].status, "banned");
  assert.equal(exits[other].limits[0].used, 7);
  const transport = scriptedTransport();
  for (let i = 0; i < 3; i++) assert.equal(await outcome(again.run(get(), transport)), "answer 200");
  assert.equal(again.tryAcquire(get()).granted, false);
  await again.close();
});
