import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena, type Figures, type Load } from "../bench/racing/arena.ts";
import { contestantNamed } from "../bench/racing/contestants.ts";
import { worldNamed } from "../support/world-parameters.ts";

// The core on a simulated clock and network: with one seed every run is the same, however busy the machine is.

const CLOSED: Load = { kind: "closed", tasks: 1_000 };
const SEED = 601;

function run(world: string, policy: string, load: Load = CLOSED): Promise<Figures> {
  return new Arena(worldNamed(world), load, SEED).run(contestantNamed(policy));
}

for (const [world, times] of [["A", 2.5], ["B", 1.5], ["twenty", 1.3], ["good", 1.3], ["banner", 1.3]] as const) {
  test(`in world ${world} the adaptive policy finishes at least ${times} times as many tasks as the documents', at no more requests a task`, async () => {
    const documents = await run(world, "doc");
    const adaptive = await run(world, "core:adaptive");
    assert.ok(adaptive.tasksPerSecond >= times * documents.tasksPerSecond, `${adaptive.tasksPerSecond} against ${documents.tasksPerSecond} tasks/s`);
    assert.ok(adaptive.requestsPerTask <= documents.requestsPerTask, `${adaptive.requestsPerTask} against ${documents.requestsPerTask} requests a task`);
    assert.equal(adaptive.failed, 0);
  });
}

test("where failures all look alike it does so too", async () => {
  const documents = await run("A", "doc");
  const blind = await run("A", "core:adaptive!blind");
  assert.ok(blind.tasksPerSecond >= 2.2 * documents.tasksPerSecond, `${blind.tasksPerSecond} against ${documents.tasksPerSecond} tasks/s`);
});

test("with places to spare the slowest of a hundred tasks take at most half as long", async () => {
  for (const perSecond of [5, 20]) {
    const documents = await run("A", "doc", { kind: "open", perSecond });
    const adaptive = await run("A", "core:adaptive", { kind: "open", perSecond });
    assert.ok(adaptive.p99 <= 0.5 * documents.p99, `at ${perSecond} tasks/s ${adaptive.p99} s against ${documents.p99} s`);
    assert.ok(adaptive.requestsPerTask <= documents.requestsPerTask, `${adaptive.requestsPerTask} against ${documents.requestsPerTask} requests a task`);
  }
});

test("when the whole network goes again and again, tasks wait for little more than it is gone", async () => {
  const documents = await run("outage", "doc");
  const adaptive = await run("outage", "core:adaptive");
  assert.ok(adaptive.p99 <= 0.6 * documents.p99, `p99 ${adaptive.p99} s against ${documents.p99} s`);
  assert.ok(adaptive.requestsPerTask <= documents.requestsPerTask);
});

test("with places to spare, too, they go almost at once when the network is back", async () => {
  const documents = await run("outage", "doc", { kind: "open", perSecond: 5 });
  const adaptive = await run("outage", "core:adaptive", { kind: "open", perSecond: 5 });
  // Most of it is what the network is gone for.
  assert.ok(adaptive.p99 <= 0.65 * documents.p99, `p99 ${adaptive.p99} s against ${documents.p99} s`);
  assert.ok(adaptive.requestsPerTask <= documents.requestsPerTask, `${adaptive.requestsPerTask} against ${documents.requestsPerTask} requests a task`);
  assert.equal(adaptive.failed, 0);
});

test("two runs of one seed are the same to the last attempt", async () => {
  const [one, other] = [await run("scarce", "core:adaptive"), await run("scarce", "core:adaptive")];
  assert.deepEqual({ ...one, realSeconds: 0 }, { ...other, realSeconds: 0 });
});
