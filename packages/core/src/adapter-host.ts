import type { AsyncLocalStorage } from "node:async_hooks";
import type { Exit } from "./model/exit.ts";
import type { ExitPoolOptions } from "./model/options.ts";
import type { AdapterHost } from "./model/pool.ts";
import type { Hints } from "./model/request.ts";
import { SocketCounts } from "./observe/socket-counts.ts";
import { checkOptionNames } from "./option-names.ts";
import type { Clock } from "./time/clock.ts";
import { durationMs } from "./time/duration.ts";

/** Sockets that may stay open over all exits, idle ones included: half of what systems allow a process by default (1,024 files). */
const MAX_SOCKETS = 512;

interface HostParts {
  readonly clock: Clock;
  /** As they are now: options can be updated. */
  options(): ExitPoolOptions;
  hints(): AsyncLocalStorage<Hints> | undefined;
  closed(): boolean;
  /** Called when the pool closes. */
  readonly releases: Set<() => void | Promise<void>>;
}

/** What adapters are shown of a pool. */
export function adapterHost({ clock, options, hints, closed, releases }: HostParts): AdapterHost {
  return {
    get connectTimeoutMs() {
      return durationMs(options().connectTimeout ?? "8s");
    },
    agentOptions: (exit: Exit) => options().exits?.agentOptions?.(exit),
    hints: () => hints()?.getStore(),
    onClose: (release) => {
      releases.add(release);
      return () => releases.delete(release);
    },
    get closed() {
      return closed();
    },
    clock,
    checkOptionNames,
    maxSockets: MAX_SOCKETS,
    sockets: new SocketCounts(),
  };
}
