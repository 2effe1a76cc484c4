import { createRequire } from "node:module";
import type { ExitPool, Hints } from "@multihome/core";
import * as undici from "undici";
import { exitDispatcherClass } from "./exit-dispatcher.ts";
import type { ExitDispatcherOptions } from "./options.ts";
import type { UndiciModule } from "./undici.ts";

export type { ConnectTarget, Connector } from "./connector.ts";
export type { ClosableDispatcher } from "./exit-dispatcher.ts";
export type { AgentOptions, ExitDispatcherOptions, InnerOptions } from "./options.ts";
export type { InnerDispatcher, UndiciModule } from "./undici.ts";

declare module "undici" {
  // oxlint-disable-next-line typescript/no-namespace -- undici declares the options of its calls in one
  namespace Dispatcher {
    interface DispatchOptions {
      /** What the pool should know of this request. `fetch` drops options that it does not know; use `pool.with` around it. */
      multihome?: Hints;
    }
    interface ConnectOptions {
      multihome?: Hints;
    }
    interface UpgradeOptions {
      multihome?: Hints;
    }
  }
}

/**
 * Sends the requests of undici and of the built-in `fetch` through a pool's exits: for `setGlobalDispatcher`, and as the
 * option `dispatcher`. It extends the Dispatcher of the installed undici; for another copy there is `createExitDispatcher`.
 *
 * @throws NotSupportedError of that undici, ours as its cause, where it is too old
 */
export class ExitDispatcher extends exitDispatcherClass(undici, installedVersion) {}

/**
 * The same for an undici that you pass, so that two versions can be used in one program.
 *
 * @throws NotSupportedError of that undici, ours as its cause, where it is too old
 */
export function createExitDispatcher<D extends object>(module: UndiciModule<D>, pool: ExitPool, options?: ExitDispatcherOptions): D {
  const Class = exitDispatcherClass(module);
  return new Class(pool, options) as unknown as D;
}

/** For the sentence that refuses an old one. A bundle has no package.json to ask; there the features decide. */
function installedVersion(): string | undefined {
  try {
    return (createRequire(import.meta.url)("undici/package.json") as { version?: string }).version;
  } catch {
    return undefined;
  }
}
