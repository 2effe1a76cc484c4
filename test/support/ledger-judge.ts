import assert from "node:assert/strict";
import process from "node:process";
import type { TestContext } from "node:test";
import type { FleetFigures } from "./ledger-fleet.ts";

/** CI asks for 60 once more, with the machine to itself; nights for 600. */
export const SECONDS = Number(process.env["MULTIHOME_LEDGER_SECONDS"] ?? 15);
/** Eight processes start as fast as the machine lets them. */
export const TIMEOUT_MS = (SECONDS + 180) * 1_000;

/** Where one of the processes stands still for so long, somebody else has the machine. */
const CALM_MS = 200;

/** CI has the machine to itself for a minute. Beside other tests, or on a machine that is busy with something else, unused budget says nothing about the ledger. */
export function mostlyUsed({ used, stoodStillMs, workersStoodStillMs }: FleetFigures, share: number): void {
  if (SECONDS < 60 || Math.max(stoodStillMs, workersStoodStillMs) > CALM_MS) return;
  for (const [limit, value] of Object.entries(used)) assert.ok(value >= share, `${limit}: ${JSON.stringify(used)}`);
}

/**
 * Whoever counts what arrives after having stood still counts it later than it came, maybe in the next window; whoever stands still between a
 * grant and his request sends it in the next one. Then too much is no word against the ledger, but enough is one for it.
 */
export function canJudge({ peak, refused, stoodStillMs, workersStoodStillMs }: FleetFigures, most: number, t: TestContext): boolean {
  t.diagnostic(JSON.stringify({ peak, refused }));
  const worstMs = Math.max(stoodStillMs, workersStoodStillMs);
  if (worstMs <= CALM_MS || Object.values(peak).every((share) => share <= most)) return true;
  t.diagnostic(`one of them stood still for ${worstMs} ms: the counts say nothing`);
  return false;
}

export function say({ used, stoodStillMs, workersStoodStillMs }: FleetFigures, t: TestContext): void {
  t.diagnostic(JSON.stringify({ used, stoodStillMs, workersStoodStillMs }));
}
