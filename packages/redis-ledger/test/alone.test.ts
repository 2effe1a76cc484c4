import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { promisify } from "node:util";
import { noRedis, RedisServer } from "@multihome/core/testing";

const run = promisify(execFile);
const INDEX = new URL("../src/index.js", import.meta.url).href;

test("a program that waits for the ledger goes on, and one that forgets to close it ends", { skip: noRedis() }, async () => {
  const server = await RedisServer.start();
  try {
    const program = `
      const { redisLedger } = await import(${JSON.stringify(INDEX)});
      const ledger = redisLedger({ url: ${JSON.stringify(server.url)}, deadline: "5s" });
      await ledger.ready();
      const counters = [{ key: "exit:a|b|c", units: 1, limit: 10, perMs: 60000, align: "sliding" }];
      console.log((await ledger.reserve(counters)).ok);`;

    const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", program], { timeout: 60_000 });

    assert.deepEqual([stdout.trim(), stderr], ["true", ""]);
  } finally {
    await server.stop();
  }
});
