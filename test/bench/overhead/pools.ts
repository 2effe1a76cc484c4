import { createExitPool } from "@multihome/core";
import type { ExitPool, ExitPoolOptions } from "@multihome/core";

/** A pool of so many loopback addresses, ready. */
export async function poolOf(size: number, options: ExitPoolOptions = {}): Promise<ExitPool> {
  const local = Array.from({ length: size }, (_, index) => `127.${40 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`);
  const pool = createExitPool({ ...options, exits: { local } });
  await pool.ready();
  return pool;
}

/** As an exchange has them: a weight and a number of requests. */
export const TWO_WINDOWS: ExitPoolOptions = {
  defaults: {
    limits: [
      { name: "weight", unit: "weight", limit: 1e9, per: "1m", align: "fixed" },
      { name: "requests", unit: "request", limit: 1e9, per: "5m", align: "fixed" },
    ],
  },
};
