import type { Align } from "../model/limits.ts";
import type { ServerClock } from "../time/server-clock.ts";
import { BucketMeter } from "./bucket-meter.ts";
import { FixedMeter } from "./fixed-meter.ts";
import type { Meter } from "./meter.ts";
import { SlidingMeter } from "./sliding-meter.ts";

export function makeMeter(align: Align, limit: number, perMs: number, clock: ServerClock): Meter {
  switch (align) {
    case "fixed":
      return new FixedMeter(limit, perMs, clock);
    case "sliding":
      return new SlidingMeter(limit, perMs);
    case "bucket":
      return new BucketMeter(limit, perMs);
    default: {
      const never: never = align;
      throw new TypeError(`Unknown align ${String(never)}.`);
    }
  }
}
