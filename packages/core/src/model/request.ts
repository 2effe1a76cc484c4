import type { Lease } from "./lease.ts";

/** What the core has to know about a request. Adapters build it; its getters are read at most once each. */
export interface RequestInfo {
  /** In capitals. */
  method: string;
  /** Absolute. Parsed only where `host` or `path` is missing. */
  url: string | URL;
  /** Host and, unless it is the scheme's own, port: `"api.binance.com"`, `"127.0.0.1:8080"`. Spares parsing `url`. */
  host?: string;
  /** Path and query. Spares parsing `url`. */
  path?: string;
  headers?: Record<string, string | string[] | undefined>;
  /** Where it can be looked at without consuming it. */
  body?: string | Uint8Array | null;
  /**
   * May the body be sent a second time?
   * @default true when there is none, or it is a string or bytes
   */
  replayable?: boolean;
  /**
   * Asks to become a connection of its own, such as a WebSocket: counts as one, and costs what its target charges for that.
   * @default false
   */
  upgrade?: boolean;
  hints?: Hints;
}

/** What a caller can say about one request, or about all requests made inside `pool.with`. */
export interface Hints {
  /** One of `options.kinds`. */
  kind?: string;
  /** Higher goes first. @default 0 */
  priority?: number;
  /** Units of weight, 0 or more, instead of what the target's table says. What no limit of weight ever allows is refused. */
  weight?: number;
  /** Most legs of this request; `false` and 1 mean no race. Never widens what `race.methods` allows. */
  race?: number | false;
  /** A target by name, instead of the one that the host belongs to. */
  target?: string;
  batchId?: string;
  /** The same key leaves by the same exit; `"avoid-previous"` by another than last time. */
  affinity?: string | "avoid-previous";
  /** Leave by the exit of this lease; `undefined`: of none, also inside `pool.with({ lease })`. */
  lease?: Lease | undefined;
}
