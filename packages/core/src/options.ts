import * as v from "valibot";
import { MultihomeError } from "./errors.ts";
import type { ExitPoolOptions } from "./model/options.ts";
import { parseDuration } from "./time/duration.ts";

/** One thing that is wrong with the options. */
export interface Problem {
  readonly path: string;
  readonly given: string;
  readonly expected: string;
}

const DURATION = 'a duration such as 500, "500ms", "30s" or "5m"';
const duration = v.custom<number | string>((value) => parseDuration(value) !== undefined, DURATION);
const positive = v.custom<number | string>((value) => (parseDuration(value) ?? 0) > 0, `${DURATION}, longer than 0`);
const durationOrOff = v.custom<number | string | false>((value) => value === false || (parseDuration(value) ?? 0) > 0, `${DURATION}, longer than 0, or false`);
const signedDuration = v.custom<number | string>((value) => (typeof value === "number" ? Number.isFinite(value) : parseDuration(typeof value === "string" ? value.replace(/^-/, "") : value) !== undefined), DURATION);
const whole = (least: number): v.GenericSchema<number> => v.custom<number>((value) => typeof value === "number" && Number.isInteger(value) && value >= least, `an integer of at least ${least}`);
const wholeOrInfinite = v.custom<number>((value) => value === Infinity || (typeof value === "number" && Number.isInteger(value) && value >= 1), "an integer of at least 1, or Infinity");
const share = v.custom<number>((value) => typeof value === "number" && value >= 0 && value <= 1, "a number from 0 to 1");
const above0 = v.custom<number>((value) => typeof value === "number" && Number.isFinite(value) && value > 0, "a number above 0");
const finite = v.custom<number>((value) => typeof value === "number" && Number.isFinite(value), "a number");
const fn = v.custom<(...args: never[]) => unknown>((value) => typeof value === "function", "a function");
const text = v.custom<string>((value) => typeof value === "string" && value !== "", "a string that is not empty");
const flag = v.boolean("true or false");
const oneOf = (...names: string[]): v.GenericSchema<string> => v.custom<string>((value) => names.includes(value as string), `one of ${names.map((name) => JSON.stringify(name)).join(", ")}`);
const list = (of: v.GenericSchema, what: string): v.GenericSchema => v.array(of as v.GenericSchema<unknown>, what);
/** A list, and a promise that nobody has waited for, have none of the options: they would be taken for an object that leaves all of them out. */
const noList = (what: string): v.GenericSchema => v.custom<unknown>((value) => !Array.isArray(value) && !isPromise(value), what);
const shape = (entries: v.ObjectEntries): v.GenericSchema => v.pipe(noList("an object"), v.strictObject(Object.fromEntries(Object.entries(entries).map(([key, schema]) => [key, v.optional(schema)])), "an object"));
const named = (of: v.GenericSchema, what: string): v.GenericSchema => v.pipe(noList(what), v.record(v.string(), of, what));

const limit = v.strictObject({ name: text, unit: text, limit: above0, per: positive, align: v.optional(oneOf("fixed", "sliding", "bucket")), scope: v.optional(oneOf("exit", "account", "target")) }, "an object with name, unit, limit and per");

const target = shape({
  hosts: v.custom((value) => isHost(value) || (Array.isArray(value) && value.length > 0 && value.every(isHost)), 'a host such as "api.example.com", "*.example.com" or "127.0.0.1:8080", or a list of them'),
  spacing: duration,
  limits: list(limit, "a list of limits"),
  weights: v.custom((value) => typeof value === "function" || (typeof value === "object" && value !== null && !Array.isArray(value)), "a weight table or a function"),
  feedback: fn,
  classify: v.strictObject({ body: v.optional(oneOf("none", "first", "full")), bodyAt: v.optional(fn), judge: fn }, "an object with a function judge"),
  account: fn,
  serverOffset: signedDuration,
  race: shape({ mode: oneOf("adaptive", "race", "hedge", "off"), width: whole(1), delay: v.custom((value) => value === "p95" || parseDuration(value) !== undefined, `${DURATION}, or "p95"`), methods: list(text, "a list of methods") }),
  breaker: shape({ threshold: whole(1), probeEvery: positive }),
  backendLimit: whole(1),
  onBan: oneOf("rotate", "pause"),
});

const source = v.custom((value) => (typeof value === "string" && value !== "") || (typeof value === "object" && value !== null && typeof (value as { name?: unknown }).name === "string" && typeof (value as { read?: unknown }).read === "function"), "a URL, a path, or an object with name and read()");

const schema = shape({
  exits: shape({
    local: v.custom((value) => value === "auto" || value === false || Array.isArray(value), '"auto", false, or a list of addresses, ranges and interfaces'),
    exclude: list(v.any(), "a list of addresses, ranges and interfaces"),
    plainCredentials: flag,
    proxies: list(v.any(), "a list of proxy URLs"),
    sources: list(source, "a list of URLs, paths or sources"),
    refreshEvery: positive,
    strategy: oneOf("rotate", "adaptive", "score", "random", "failover"),
    egress: fn,
    agentOptions: fn,
  }),
  targets: named(target, "an object of targets by name"),
  defaults: target,
  maxInFlight: wholeOrInfinite,
  perExitInFlight: v.custom((value) => value === null || value === Infinity || (typeof value === "number" && Number.isInteger(value) && value >= 1), "an integer of at least 1, or null for no limit"),
  queue: shape({ capacity: wholeOrInfinite, maxAttempts: wholeOrInfinite, timeout: durationOrOff, onOpen: oneOf("reject", "queue") }),
  health: shape({ window: v.custom((value) => typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 32, "an integer from 1 to 32"), cooldownAfter: whole(1), cooldownBase: positive, cooldownMax: positive, deadAfterSamples: whole(1), maxEjected: share }),
  backoff: shape({ rateLimited: positive, timeout: positive, max: positive, banMin: positive, banMax: positive }),
  alerts: shape({ utilisationWarning: share, utilisationCritical: share, consecutiveFailures: whole(1) }),
  connectTimeout: positive,
  attemptTimeout: durationOrOff,
  kinds: named(shape({ priority: finite, weight: above0, reserve: share }), "an object of kinds by name"),
  state: v.strictObject({ file: text, saveEvery: v.optional(positive) }, "an object with a file"),
  summaryEvery: durationOrOff,
  ledger: v.custom((value) => hasMethods(value, "tryReserve", "reserve", "settle", "observe", "pause", "close"), "a ledger with tryReserve, reserve, settle, observe, pause and close"),
  logger: v.custom((value) => hasMethods(value, "debug", "info", "warn", "error"), "a logger with debug, info, warn and error"),
  clock: v.custom((value) => hasMethods(value, "now", "wallTime", "setTimeout", "clearTimeout"), "a clock with now, wallTime, setTimeout and clearTimeout"),
  random: fn,
});

/** Everything that is wrong with the options by themselves; what their entries mean is checked by the rooms that read them. */
export function checkOptions(options: unknown): Problem[] {
  const problems = problemsOf(schema, options);
  return problems.length > 0 ? problems : contradictions(options as ExitPoolOptions);
}

/** What is wrong with a change of options by itself; what it leads to is checked as options are. */
export function checkChange(change: unknown): Problem[] {
  const isOptions = typeof change === "object" && change !== null && !Array.isArray(change) && !isPromise(change);
  return isOptions ? [] : [{ path: "options", given: show(change), expected: "an object" }];
}

function problemsOf(of: v.GenericSchema, options: unknown): Problem[] {
  const result = v.safeParse(of, options);
  return (result.issues ?? []).map((issue) => ({ path: pathOf(issue.path), given: issue.type === "strict_object" && issue.expected === "never" ? "an option of that name" : show(issue.input), expected: expectationOf(of, issue) }));
}

const slotOptions = v.strictObject(
  {
    slots: v.custom((value) => value === "auto" || (typeof value === "number" && Number.isInteger(value) && value >= 1), 'an integer of at least 1, or "auto"'),
    interBatchDelay: v.optional(duration),
    cycleCooldown: v.optional(duration),
    cycles: v.optional(wholeOrInfinite),
    batchId: v.optional(fn),
    processDelay: v.optional(v.custom((value) => typeof value === "function" || parseDuration(value) !== undefined, `${DURATION}, or a function`)),
    request: v.optional(fn),
    signal: v.optional(v.custom((value) => value instanceof AbortSignal, "an AbortSignal")),
  },
  "an object with slots",
);

/** What is wrong with the arguments of `pool.slots`. */
export function checkSlots(items: unknown, worker: unknown, options: unknown): Problem[] {
  const problems = problemsOf(slotOptions, options);
  const given = items as { [Symbol.asyncIterator]?(): unknown; [Symbol.iterator]?(): unknown } | null | undefined;
  const begin = given == null ? undefined : (given[Symbol.asyncIterator] ?? given[Symbol.iterator]);
  if (typeof begin !== "function") problems.push({ path: "items", given: show(items), expected: "an array or another iterable, or an async iterable" });
  else if (((options as { cycles?: number } | null)?.cycles ?? 1) > 1 && typeof (given as { next?: unknown }).next === "function" && begin.call(given) === given) {
    problems.push({ path: "items", given: "an iterator, which can be walked once", expected: "something that begins anew in each of the cycles, such as an array or an object with [Symbol.iterator]" });
  }
  if (typeof worker !== "function") problems.push({ path: "worker", given: show(worker), expected: "a function" });
  return problems;
}

/** One error that lists every problem. */
export function configError(problems: readonly Problem[]): MultihomeError {
  const lines = problems.map(({ path, given, expected }) => `  ${path}: got ${given}, expected ${expected}`);
  return new MultihomeError("MH_ERR_CONFIG", `${problems.length === 1 ? "One option is" : `${problems.length} options are`} wrong:\n${lines.join("\n")}`);
}

function contradictions({ exits, targets, defaults, health, backoff, kinds }: ExitPoolOptions): Problem[] {
  const problems: Problem[] = [];
  const reserved = Object.values(kinds ?? {}).reduce((sum, { reserve = 0 }) => sum + reserve, 0);
  if (reserved > 1 + 1e-9) problems.push({ path: "kinds", given: `reserves of ${Math.round(reserved * 1_000) / 1_000} together`, expected: "at most 1: they are shares of one window" });
  if (exits?.local === false && (exits.proxies ?? []).length === 0 && (exits.sources ?? []).length === 0) {
    problems.push({ path: "exits", given: "local: false and neither proxies nor sources", expected: "at least one way out" });
  }
  if (Array.isArray(exits?.local) && exits.local.length === 0 && (exits.proxies ?? []).length === 0 && (exits.sources ?? []).length === 0) {
    problems.push({ path: "exits.local", given: "an empty list, and neither proxies nor sources", expected: "at least one way out" });
  }
  const order = (path: string, low: unknown, high: unknown, lowName: string): void => {
    if (low !== undefined && high !== undefined && (parseDuration(low) as number) > (parseDuration(high) as number)) problems.push({ path, given: show(high), expected: `at least ${lowName} (${show(low)})` });
  };
  order("health.cooldownMax", health?.cooldownBase, health?.cooldownMax, "cooldownBase");
  order("backoff.banMax", backoff?.banMin, backoff?.banMax, "banMin");
  order("backoff.max", backoff?.rateLimited, backoff?.max, "rateLimited");

  const owners = new Map<string, string>();
  for (const [name, rules] of Object.entries(targets ?? {})) {
    for (const host of [rules.hosts ?? name].flat()) {
      const pattern = host.toLowerCase();
      const owner = owners.get(pattern);
      if (owner !== undefined && owner !== name) problems.push({ path: `targets.${name}.hosts`, given: JSON.stringify(host), expected: `a host that no other target names (targets.${owner} does)` });
      owners.set(pattern, name);
    }
  }
  for (const [path, rules] of [...Object.entries(targets ?? {}).map(([name, rules]) => [`targets.${name}`, rules] as const), ["defaults", defaults ?? {}] as const]) {
    const names = new Set<string>();
    for (const [index, { name, unit, scope }] of (rules.limits ?? []).entries()) {
      if (names.has(name)) problems.push({ path: `${path}.limits[${index}].name`, given: JSON.stringify(name), expected: "a name that no other limit of the target has" });
      names.add(name);
      if (unit === "connection" && scope === "account") continue;
    }
    if (path === "defaults" && rules.hosts !== undefined) problems.push({ path: "defaults.hosts", given: show(rules.hosts), expected: "nothing: the defaults are for hosts that no target names" });
  }
  return problems;
}

function isHost(value: unknown): boolean {
  if (typeof value !== "string" || value.length > 255) return false;
  return /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?(:\d{1,5})?$/i.test(value) || /^\[[0-9a-f:.]+\](:\d{1,5})?$/i.test(value) || /^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*$/i.test(value);
}

function isPromise(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

function hasMethods(value: unknown, ...names: string[]): boolean {
  return typeof value === "object" && value !== null && names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

function expectationOf(of: v.GenericSchema, issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).map(({ key }) => key);
  if (issue.type === "strict_object" && path.length > 0) {
    const entries = entriesAt(of, path.slice(0, -1));
    if (issue.expected === "never") return entries === undefined ? "no such option" : `no option but ${Object.keys(entries).join(", ")}`;
    // A required option is missing: the message would be that of the whole object.
    const missing = entries?.[String(path.at(-1))];
    if (missing?.message !== undefined && issue.input === undefined) return missing.message;
  }
  return issue.message.startsWith("Invalid") ? (issue.expected ?? issue.message) : issue.message;
}

interface Described {
  readonly entries?: Record<string, Described>;
  readonly wrapped?: Described;
  readonly item?: Described;
  readonly value?: Described;
  readonly message?: string;
  /** What is looked at after each other; the last one has the entries. */
  readonly pipe?: readonly Described[];
}

/** The options that there are at a place of the schema. */
function entriesAt(of: v.GenericSchema, path: readonly unknown[]): Record<string, Described> | undefined {
  const inner = (at: Described | undefined): Described | undefined => (at?.wrapped !== undefined ? inner(at.wrapped) : at?.pipe !== undefined ? at.pipe.at(-1) : at);
  let at = inner(of as Described);
  for (const key of path) at = inner(at?.entries?.[String(key)] ?? at?.item ?? at?.value);
  return at?.entries;
}

function pathOf(path: readonly { key?: unknown }[] | undefined): string {
  if (path === undefined || path.length === 0) return "options";
  return path.map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("").replace(/^\./, "");
}

/** What was given, short and without secrets: proxies and addresses are shown by the room that reads them. */
function show(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (isPromise(value)) return "a promise";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string" && value.includes("@")) return "a string with credentials";
  let shown: string | undefined;
  try {
    shown = typeof value === "number" || value === undefined ? String(value) : JSON.stringify(value);
  } catch {
    shown = "an object that cannot be shown";
  }
  shown ??= typeof value;
  if (shown.includes("://") && shown.includes("@")) return "a value with credentials";
  return shown.length > 80 ? `${shown.slice(0, 79)}…` : shown;
}
