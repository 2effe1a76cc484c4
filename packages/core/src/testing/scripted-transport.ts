import type { Lease, Transport } from "../model/lease.ts";
import type { RequestInfo } from "../model/request.ts";
import { systemClock } from "../time/clock.ts";
import type { Clock } from "../time/clock.ts";
import { headerLookup } from "./headers.ts";
import { ScriptedExchange } from "./scripted-exchange.ts";
import type { SentRecord } from "./scripted-exchange.ts";

/** How one attempt goes. Without any field: 200 at once, with an empty body that is whole. */
export interface ScriptedAttempt {
  /** @default 200 */
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
  /** From `send` to the head, or to the error, in milliseconds. @default 0: in a microtask, without a timer */
  afterMs?: number;
  /** Reject with this instead of answering. A string stands for an `Error` with that `code`, such as `"ECONNREFUSED"`. */
  error?: unknown;
  /** With `error`: certain that no byte left. @default false */
  unsent?: boolean;
  /** Never answer; only an abort ends it. */
  hang?: boolean;
  /** The body is cut this long after the head: `finished` rejects with `ECONNRESET`. */
  cutAfterMs?: number;
  /** The body is whole this long after the head. @default at the head */
  bodyMs?: number;
}

export interface ScriptedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Uint8Array;
  readonly sent: SentRecord;
}

export type ScriptStep = (sent: SentRecord, request: RequestInfo, lease: Lease) => ScriptedAttempt;

export interface ScriptedTransport extends Transport<ScriptedResponse> {
  /** Every attempt in the order of sending. */
  readonly sent: readonly SentRecord[];
  /** Attempts that are not over yet. */
  readonly live: number;
  /** The most that were ever under way together. */
  readonly highWater: number;
  /** How many attempts left by each exit. */
  sentBy(): Record<string, number>;
}

/**
 * A transport whose attempts follow a script, on any clock, with books of what left by which exit.
 *
 * @param script The attempts in order, the last of them for ever after; or a function that is asked for each.
 */
export function scriptedTransport(script: readonly ScriptedAttempt[] | ScriptStep = [], options: { clock?: Clock } = {}): ScriptedTransport {
  const clock = options.clock ?? systemClock;
  const stepFor: ScriptStep = typeof script === "function" ? script : (sent) => script[Math.min(sent.index, script.length - 1)] ?? {};
  const records: SentRecord[] = [];
  const exchanges = new WeakMap<ScriptedResponse, ScriptedExchange>();
  const unsentErrors = new WeakSet<object>();
  let live = 0;
  let highWater = 0;

  function open(lease: Lease, signal: AbortSignal, request: RequestInfo): ScriptedExchange {
    const { exit, target, weight } = lease;
    const { method, url } = request;
    const sent: SentRecord = { index: records.length, exit: exit.id, target, weight, method, url: String(url), at: clock.now(), aborted: false, discarded: false };
    records.push(sent);
    live += 1;
    highWater = Math.max(highWater, live);
    return new ScriptedExchange(sent, clock, signal, () => {
      live -= 1;
    });
  }

  function answer(step: ScriptedAttempt, exchange: ScriptedExchange): ScriptedResponse {
    const body = typeof step.body === "string" ? Buffer.from(step.body) : (step.body ?? new Uint8Array(0));
    const response: ScriptedResponse = { status: step.status ?? 200, headers: step.headers ?? {}, body, sent: exchange.sent };
    exchanges.set(response, exchange);
    exchange.sent.answeredAt = clock.now();
    const bodyMs = step.cutAfterMs ?? step.bodyMs;
    if (bodyMs === undefined) {
      exchange.end("whole");
      return response;
    }
    exchange.body = exchange.wait(bodyMs).then(() => {
      exchange.end(step.cutAfterMs === undefined ? "whole" : "cut");
      if (step.cutAfterMs !== undefined) throw codedError("ECONNRESET");
    });
    // Nobody is obliged to look at the body.
    exchange.body.catch(() => undefined);
    return response;
  }

  function fail(step: ScriptedAttempt, exchange: ScriptedExchange): never {
    const error = typeof step.error === "string" ? codedError(step.error) : step.error;
    if (step.unsent === true && typeof error === "object" && error !== null) unsentErrors.add(error);
    exchange.sent.answeredAt = clock.now();
    exchange.end();
    throw error;
  }

  return {
    async send(lease, signal, request) {
      const exchange = open(lease, signal, request);
      const step = stepFor(exchange.sent, request, lease);
      const afterMs = step.afterMs ?? 0;
      if (step.hang === true) await exchange.wait(undefined);
      else if (afterMs > 0 || signal.aborted) await exchange.wait(afterMs);
      return step.error === undefined ? answer(step, exchange) : fail(step, exchange);
    },
    inspect: (response) => ({ status: response.status, header: headerLookup(response.headers), body: response.body }),
    discard(response) {
      response.sent.discarded = true;
      exchanges.get(response)?.end();
    },
    finished: (response) => exchanges.get(response)?.body,
    unsent: (error) => typeof error === "object" && error !== null && unsentErrors.has(error),
    sent: records,
    get live() {
      return live;
    },
    get highWater() {
      return highWater;
    },
    sentBy() {
      const counts: Record<string, number> = {};
      for (const { exit } of records) counts[exit] = (counts[exit] ?? 0) + 1;
      return counts;
    },
  };
}

function codedError(code: string): Error {
  return Object.assign(new Error(`${code} (scripted)`), { code });
}
