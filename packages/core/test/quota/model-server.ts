import assert from "node:assert/strict";
import type { Limit } from "../../src/model/limits.ts";

/** One limit, counted by a server exactly as it is meant. Times are the server's own. */
export interface ModelCounter {
  readonly limit: Limit & { per: number };
  /** @throws AssertionError where this passes the limit */
  count(row: string, time: number, units: number): void;
  refund(row: string, time: number, units: number): void;
  used(row: string, time: number): number;
}

/** @param strict false: it counts, and lets everything pass */
export function modelCounter(limit: Limit & { per: number }, strict = true): ModelCounter {
  const counter = exactCounter(limit);
  if (strict) return counter;
  return { ...counter, count: () => undefined, refund: () => undefined };
}

function exactCounter(limit: Limit & { per: number }): ModelCounter {
  switch (limit.align) {
    case "fixed":
      return fixedCounter(limit);
    case "bucket":
      return bucketCounter(limit);
    default:
      return slidingCounter(limit);
  }
}

function fixedCounter(limit: Limit & { per: number }): ModelCounter {
  const windows = new Map<string, number>();
  const keyOf = (row: string, time: number): string => `${row}@${Math.floor(time / limit.per)}`;
  return {
    limit,
    count(row, time, units) {
      const key = keyOf(row, time);
      const used = (windows.get(key) ?? 0) + units;
      windows.set(key, used);
      assert.ok(used <= limit.limit, `${limit.name} ${key}: ${used} of ${limit.limit}`);
    },
    refund(row, time, units) {
      const key = keyOf(row, time);
      windows.set(key, (windows.get(key) ?? 0) - units);
    },
    used: (row, time) => windows.get(keyOf(row, time)) ?? 0,
  };
}

function slidingCounter(limit: Limit & { per: number }): ModelCounter {
  const logs = new Map<string, { time: number; units: number }[]>();
  const sumOf = (row: string, time: number): number => (logs.get(row) ?? []).reduce((sum, entry) => sum + (entry.time > time - limit.per && entry.time <= time ? entry.units : 0), 0);
  return {
    limit,
    count(row, time, units) {
      const log = logs.get(row) ?? [];
      logs.set(row, log);
      log.push({ time, units });
      const used = sumOf(row, time);
      assert.ok(used <= limit.limit, `${limit.name} ${row}: ${used} of ${limit.limit} in ${limit.per} ms before ${time}`);
    },
    refund: (row, time, units) => void logs.get(row)?.push({ time, units: -units }),
    used: sumOf,
  };
}

function bucketCounter(limit: Limit & { per: number }): ModelCounter {
  const buckets = new Map<string, { missing: number; at: number }>();
  const bucketOf = (row: string, time: number): { missing: number; at: number } => {
    const bucket = buckets.get(row) ?? { missing: 0, at: time };
    buckets.set(row, bucket);
    bucket.missing = Math.max(0, bucket.missing - ((time - bucket.at) * limit.limit) / limit.per);
    bucket.at = time;
    return bucket;
  };
  return {
    limit,
    count(row, time, units) {
      const bucket = bucketOf(row, time);
      bucket.missing += units;
      assert.ok(bucket.missing <= limit.limit + 1e-6, `${limit.name} ${row}: ${bucket.missing} of ${limit.limit} missing`);
    },
    refund(row, time, units) {
      const bucket = bucketOf(row, time);
      bucket.missing = Math.max(0, bucket.missing - units);
    },
    used: (row, time) => Math.ceil(bucketOf(row, time).missing),
  };
}
