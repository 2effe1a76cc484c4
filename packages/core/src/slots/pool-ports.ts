import type { Hints, RequestInfo } from "../model/request.ts";
import type { Engine } from "../race/engine.ts";
import { LeaseDriver } from "../race/by-hand/lease-driver.ts";
import { checkRequest } from "../race/hosts.ts";
import type { Targets } from "../race/targets.ts";
import { FOR_SLOT } from "../race/way.ts";
import type { SlotPorts } from "./ports.ts";

export type PoolPorts = Pick<SlotPorts, "engine" | "targetOf" | "lease" | "inside" | "abandon">;

/** What of a pool its slots use. @param hintsFor of a request, with those around the caller */
export function poolPorts(engine: Engine, targets: Targets, hintsFor: (request: RequestInfo) => Hints | undefined, inside: SlotPorts["inside"]): PoolPorts {
  return {
    engine,
    inside,
    targetOf: (request) => targets.of(checkRequest(request), hintsFor(request)?.target),
    lease: (target, request, batchId, granted, refused) => {
      // A slot has an exit of its own, also where a run is begun inside `with` or by a worker; and waits for it as long as it takes.
      const hints = { ...hintsFor(request), lease: undefined, batchId };
      return engine.drive(target, request, new LeaseDriver(granted, refused), FOR_SLOT, hints, Infinity);
    },
    abandon: (lease, reason) => engine.leases.abandon(lease, targets, reason),
  };
}
