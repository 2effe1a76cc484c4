import assert from "node:assert/strict";
import { test } from "node:test";
import { SocksWorld } from "../support/socks-world.ts";
import { runTasks } from "../support/socks-world-run.ts";
import { worldNamed } from "../support/world-parameters.ts";

test("through sixty SOCKS5 servers of which most are down every axios call is answered, and nothing is left behind", { timeout: 120_000 }, async () => {
  const world = new SocksWorld({ ...worldNamed("A"), proxies: 60, everAlive: 0.4 }, 3, 20);
  await world.start();
  try {
    const figures = await runTasks(world, "adaptive", { tasks: 150, atOnce: 40, inFlight: 15, factor: 20, seed: 3 });
    assert.equal(figures.failed, 0);
    // Most guesses of the beginning are wrong; after that hardly any.
    assert.ok(figures.requestsPerTask < 4, `${figures.requestsPerTask} attempts a task`);
    assert.ok(world.requests >= 150 && world.requests <= 600, `${world.requests} requests seen`);
    for (let waited = 0; world.connections > 0 && waited < 100; waited++) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(world.connections, 0, "connections that the pool has left open");
  } finally {
    await world.close();
  }
});
