import fc from "fast-check";
import type { Align, LimitScope } from "../../../src/model/limits.ts";

/** How one exchange goes. */
export interface Answer {
  /** What comes instead of a head, where something does. */
  fault?: "unsent" | "unsent-timeout" | "reset" | "hang";
  status: number;
  /** Seconds. */
  retryAfter?: number;
  /** From the start to the head or the fault; -1: before `start` has returned, 0: in a microtask. */
  afterMs: number;
  body: "whole" | "cut" | "unread";
  bodyMs: number;
  /** What the client does when it is told to stop. */
  onStop: "release" | "fail" | "later" | "end";
}

export interface LimitSpec {
  unit: "weight" | "request";
  align: Align;
  scope: LimitScope;
  perMs: number;
  limit: number;
}

export interface Asks {
  host: 0 | 1;
  method: "GET" | "POST" | "HEAD";
  weight: number;
  key: 0 | 1 | 2;
  kind?: "orders" | "data";
  affinity?: "one" | "two" | "avoid-previous";
  race?: 1 | 2 | 4;
  priority?: number;
}

export type Step =
  | { do: "request"; via: "drive" | "run" | "submit"; asks: Asks; count: number; on?: number; timeoutMs?: number; abortAtStart?: boolean; around?: Pick<Asks, "kind" | "affinity" | "race" | "priority"> }
  | { do: "map"; asks: Asks; items: number; source: "list" | "slow" | "failing"; concurrency: number; ordered: boolean; leaveAfter?: number; abortAfterMs?: number }
  | { do: "acquire"; asks: Asks; shared: boolean; timeoutMs?: number }
  | { do: "try"; asks: Asks; shared: boolean; count: number }
  | { do: "lease"; on: number; act: "send" | "settle-success" | "settle-429" | "settle-418" | "settle-error" | "release" | "retain" | "observe-429" }
  | { do: "abort"; on: number }
  | { do: "slots"; slots: number; items: number; cycles: number; holdMs: number; asks: Asks; mode: "pin" | "reserve"; sends: number }
  | { do: "run-of-slots"; on: number; act: "stop" | "abort" | "grow" | "shrink" }
  | { do: "advance"; ms: number }
  | { do: "jump"; ms: number }
  | { do: "update"; what: Change; by: number }
  | { do: "close"; drainMs: number };

export type Change = "exits" | "limits" | "maxInFlight" | "perExit" | "backendLimit" | "kinds" | "capacity" | "race" | "onOpen" | "spacing" | "attemptTimeout" | "no-limits" | "health";

export interface World {
  locals: number;
  proxies: number;
  strategy?: "rotate" | "adaptive" | "score" | "random" | "failover";
  race?: { mode: "adaptive" | "race" | "hedge" | "off"; width: number; delayMs?: number };
  limits: LimitSpec[];
  spacingMs?: number;
  maxInFlight?: number;
  perExit?: number;
  backendLimit?: number;
  kinds: boolean;
  onOpen: "reject" | "queue";
  capacity: number;
  maxAttempts: number;
  timeoutMs: number | false;
  /** Two exits each are one to the target. */
  shareEgress: boolean;
  attemptMs?: number;
  threshold: number;
  onBan: "rotate" | "pause";
  deadAfter: number;
  cooldownAfter: number;
  ledger: "none" | "sync" | "async" | "faulty";
  dates: boolean;
  observed: boolean;
  random: number;
  answers: Answer[];
  steps: Step[];
}

const maybe = <T>(of: fc.Arbitrary<T>, freq = 2): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined, freq });
const soon = fc.constantFrom(-1, 0, 0, 1, 20, 200, 1_500, 9_000);

const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ status: fc.constant(200), afterMs: soon, body: fc.constantFrom("whole" as const, "whole" as const, "cut" as const, "unread" as const), bodyMs: fc.constantFrom(-1, 0, 5, 500, 20_000), onStop: fc.constantFrom("release" as const, "fail" as const, "later" as const, "end" as const) }) },
  { weight: 4, arbitrary: fc.record({ status: fc.constantFrom(429, 429, 418, 403, 500, 503, 404), retryAfter: maybe(fc.constantFrom(0, 1, 7, 100)), afterMs: soon, body: fc.constantFrom("whole" as const, "unread" as const), bodyMs: fc.constantFrom(-1, 0, 5), onStop: fc.constantFrom("release" as const, "fail" as const, "later" as const, "end" as const) }) },
  { weight: 3, arbitrary: fc.record({ status: fc.constant(200), fault: fc.constantFrom("unsent" as const, "unsent-timeout" as const, "reset" as const, "reset" as const, "hang" as const), afterMs: soon, body: fc.constant("whole" as const), bodyMs: fc.constant(0), onStop: fc.constantFrom("release" as const, "fail" as const, "later" as const, "end" as const) }) },
);

const limit: fc.Arbitrary<LimitSpec> = fc.record({
  unit: fc.constantFrom("weight" as const, "request" as const),
  align: fc.constantFrom("sliding" as const, "fixed" as const, "bucket" as const),
  scope: fc.constantFrom("exit" as const, "exit" as const, "account" as const, "target" as const),
  perMs: fc.constantFrom(1_000, 10_000, 60_000),
  limit: fc.integer({ min: 3, max: 12 }),
});

const asks: fc.Arbitrary<Asks> = fc.record({
  host: fc.constantFrom(0 as const, 0 as const, 0 as const, 1 as const),
  method: fc.constantFrom("GET" as const, "GET" as const, "POST" as const, "HEAD" as const),
  weight: fc.integer({ min: 1, max: 3 }),
  key: fc.constantFrom(0 as const, 1 as const, 2 as const),
  kind: maybe(fc.constantFrom("orders" as const, "data" as const)),
  affinity: maybe(fc.constantFrom("one" as const, "two" as const, "avoid-previous" as const), 3),
  race: maybe(fc.constantFrom(1 as const, 2 as const, 4 as const), 3),
  priority: maybe(fc.integer({ min: -1, max: 1 }), 3),
});

const hints = fc.record({ kind: maybe(fc.constantFrom("orders" as const, "data" as const)), affinity: maybe(fc.constantFrom("one" as const, "avoid-previous" as const)), race: maybe(fc.constantFrom(1 as const, 4 as const)), priority: maybe(fc.integer({ min: -1, max: 1 })) });
const index = fc.nat({ max: 30 });
const acts = fc.constantFrom("send" as const, "settle-success" as const, "settle-429" as const, "settle-418" as const, "settle-error" as const, "release" as const, "release" as const, "release" as const, "retain" as const, "observe-429" as const);
const changes = fc.constantFrom<Change[]>("exits", "exits", "exits", "limits", "maxInFlight", "perExit", "backendLimit", "kinds", "capacity", "race", "onOpen", "spacing", "attemptTimeout", "no-limits", "health");
const timeout = maybe(fc.constantFrom(1, 50, 3_000), 3);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant("request" as const), via: fc.constantFrom("drive" as const, "drive" as const, "run" as const, "submit" as const), asks, count: fc.constantFrom(1, 1, 2, 7), on: maybe(index, 4), timeoutMs: timeout, abortAtStart: maybe(fc.constant(true), 9), around: maybe(hints, 6) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("map" as const), asks, items: fc.integer({ min: 0, max: 8 }), source: fc.constantFrom("list" as const, "slow" as const, "failing" as const), concurrency: fc.integer({ min: 1, max: 4 }), ordered: fc.boolean(), leaveAfter: maybe(fc.integer({ min: 1, max: 4 })), abortAfterMs: maybe(fc.constantFrom(0, 100, 3_000), 4) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("acquire" as const), asks, shared: fc.boolean(), timeoutMs: timeout }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("try" as const), asks, shared: fc.boolean(), count: fc.constantFrom(1, 1, 3) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("lease" as const), on: index, act: acts }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("abort" as const), on: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("slots" as const), slots: fc.integer({ min: 1, max: 4 }), items: fc.integer({ min: 1, max: 5 }), cycles: fc.integer({ min: 1, max: 2 }), holdMs: fc.constantFrom(0, 10, 3_000), asks, mode: fc.constantFrom("pin" as const, "reserve" as const), sends: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("run-of-slots" as const), on: index, act: fc.constantFrom("stop" as const, "abort" as const, "grow" as const, "shrink" as const) }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(0, 1, 1, 30, 499, 501, 1_000, 5_000, 31_000, 130_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("jump" as const), ms: fc.constantFrom(-3_600_000, -900, 900, 3_600_000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("update" as const), what: changes, by: fc.nat({ max: 5 }) }) },
);

const program = fc.tuple(fc.array(step, { minLength: 4, maxLength: 45, size: "max" }), maybe(fc.record({ at: fc.nat({ max: 45 }), drainMs: fc.constantFrom(0, 300, 20_000) }), 3)).map(([steps, close]): Step[] => (close === undefined ? steps : [...steps.slice(0, close.at), { do: "close", drainMs: close.drainMs }, ...steps.slice(close.at)]));

export const worlds: fc.Arbitrary<World> = fc
  .record({
    kindOfExits: fc.constantFrom("local" as const, "proxies" as const, "both" as const),
    locals: fc.integer({ min: 1, max: 3 }),
    proxies: fc.integer({ min: 1, max: 5 }),
    strategy: maybe(fc.constantFrom("rotate" as const, "adaptive" as const, "score" as const, "random" as const, "failover" as const), 1),
    race: maybe(fc.record({ mode: fc.constantFrom("adaptive" as const, "race" as const, "hedge" as const, "off" as const), width: fc.integer({ min: 1, max: 4 }), delayMs: maybe(fc.constantFrom(0, 10, 300)) }), 1),
    limits: fc.array(limit, { maxLength: 3 }),
    spacingMs: maybe(fc.constantFrom(0, 50, 2_000)),
    maxInFlight: maybe(fc.integer({ min: 1, max: 4 })),
    perExit: maybe(fc.integer({ min: 1, max: 3 })),
    backendLimit: maybe(fc.integer({ min: 1, max: 4 })),
    kinds: fc.boolean(),
    onOpen: fc.constantFrom("reject" as const, "queue" as const),
    capacity: fc.constantFrom(1, 3, 1_000, 1_000),
    maxAttempts: fc.constantFrom(1, 2, 5, 5),
    timeoutMs: fc.constantFrom(60_000, 60_000, 5_000, 700, false as const),
    shareEgress: fc.constantFrom(false, false, true),
    attemptMs: maybe(fc.constantFrom(100, 4_000)),
    threshold: fc.constantFrom(1, 3, 10),
    onBan: fc.constantFrom("rotate" as const, "rotate" as const, "pause" as const),
    deadAfter: fc.constantFrom(2, 30, 30),
    cooldownAfter: fc.constantFrom(1, 3),
    ledger: fc.constantFrom("none" as const, "none" as const, "none" as const, "sync" as const, "async" as const, "faulty" as const),
    dates: fc.boolean(),
    observed: fc.boolean(),
    random: fc.integer({ min: 1, max: 1_000_000 }),
    answers: fc.array(answer, { minLength: 1, maxLength: 20 }),
    steps: program,
  })
  .map(({ kindOfExits, ...rest }) => ({ ...rest, locals: kindOfExits === "proxies" ? 0 : rest.locals, proxies: kindOfExits === "local" ? 0 : rest.proxies }));
