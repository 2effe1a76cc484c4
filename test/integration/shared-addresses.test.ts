import assert from "node:assert/strict";
import { test } from "node:test";
import { undiciClient } from "../support/contract-undici.ts";
import { shareAddresses } from "../support/shared-addresses.ts";

test("twenty addresses that another process uses as well: no window takes more of ours than its limit, and refusals are few", async () => {
  const exits = 20;
  const windows = 3;

  const { limited, banned, overByUs, requests, others } = await shareAddresses(undiciClient, { exits, windows, windowMs: 3_000, limit: 300, othersShare: 0.2 });

  assert.equal(overByUs, 0);
  assert.equal(banned, 0);
  // Whoever is there shows by headers. On a machine that stands still for a while an answer may come too late to see it.
  assert.ok(limited <= 2 * exits, `${limited} refusals`);
  assert.ok(requests > 20 * exits && others > exits, `${requests} of ours, ${others} of theirs`);
});
