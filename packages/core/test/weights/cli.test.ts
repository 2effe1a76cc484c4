import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../../src/weights/cli.js", import.meta.url));
const run = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });

describe("the command that weighs a pasted url", () => {
  it("prints a report", () => {
    const { status, stdout } = run("binance-spot", "get", "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000");
    assert.equal(status, 0);
    assert.equal((JSON.parse(stdout) as { weight: number }).weight, 50);
  });

  it("says how it is used, and what is wrong with a table", () => {
    assert.deepEqual([run().status, run("nowhere.json", "GET", "/").status], [2, 1]);
    assert.match(run("nowhere.json", "GET", "/").stderr, /nowhere\.json cannot be read/);
  });
});
