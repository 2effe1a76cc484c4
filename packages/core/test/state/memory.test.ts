import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { channels } from "../../src/observe/channels.ts";
import { Log } from "../../src/observe/log.ts";
import { Memory } from "../../src/state/memory.ts";
import { parseState } from "../../src/state/parse-state.ts";
import { proxies, Rooms } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "multihome-memory-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a ban that is told of is on the disk before the pool is closed", async () => {
  const rooms = new Rooms(proxies(2));
  const { clock, engine, table, targets } = rooms;
  const file = join(folder, "bans.json");
  const memory = new Memory({ file, saveEveryMs: 300_000, clock, table, engine, targets, log: new Log(undefined) });
  await memory.load();
  memory.start();
  const pauses = (): number => {
    const parsed = parseState(text(file));
    return parsed.kind === "state" ? [...parsed.state.targets.values()].reduce((sum, target) => sum + target.pauses.length, 0) : -1;
  };
  await until(() => pauses() === 0);

  rooms.host("api.test").pauses.pauseExit(1, "banned", 600_000, clock.now());
  const refused = { pool: engine.name, at: 0, exit: "", target: "api.test", scope: "exit", limit: undefined } as const;
  channels.requestRefused.publish({ ...refused, pool: "another", verdict: "banned", cooldownMs: 600_000 });
  channels.requestRefused.publish({ ...refused, verdict: "rate-limited", cooldownMs: 59_999 });
  assert.equal(clock.nextAt, 300_000);
  channels.requestRefused.publish({ ...refused, verdict: "banned", cooldownMs: 600_000 });
  await clock.advance(1_000);
  await until(() => pauses() === 1);
  await memory.close();
  assert.equal(channels.requestRefused.hasSubscribers, false);
  engine.timers.stop();
});

function text(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** The disk is a real one: its answers come when they come. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 5_000 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.ok(holds());
}
