import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "node:test";
import { undiciClient } from "../support/contract-undici.ts";
import { shareAddresses } from "../support/shared-addresses.ts";

test("twenty addresses that another process uses as well: no window takes more of ours than its limit, and refusals are few", async (t) => {
  const exits = 20;
  const windows = 3;

  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const { limited, banned, bans, othersLimited, overByUs, requests, others } = await shareAddresses(undiciClient, { exits, windows, windowMs: 3_000, limit: 300, othersShare: 0.2 });

  delay.disable();
  // The exchange lives in this process: where it stands still for a while, what arrived before a turn is counted after it.
  if (delay.max > 150e6) return t.diagnostic(`the machine stood still for ${Math.round(delay.max / 1e6)} ms: ${overByUs} windows over, ${limited} refusals, ${banned} bans say nothing`);
  assert.equal(overByUs, 0);
  // Whoever else is there shows by headers, and what is on its way when an address turns out to be full is refused with it. How much
  // that is, and whether it makes a ban, is a matter of the machine: `npm run bench -- sockets` has figures.
  t.diagnostic(`${limited} of ${requests} refused, ${othersLimited} of theirs; ${bans} bans, ${banned} of ours answered with one`);
  assert.ok(limited <= requests / 4, `${limited} of ${requests} refused`);
  assert.ok(requests > 20 * exits && others > exits, `${requests} of ours, ${others} of theirs`);
});
