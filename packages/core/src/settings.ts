import { checkExits } from "./exits/check-exits.ts";
import { DEFAULT_HEALTH, type HealthRules } from "./health/rules.ts";
import type { ExitPoolOptions } from "./model/options.ts";
import { checkOptions, configError } from "./options.ts";
import type { EngineRules } from "./race/engine-rules.ts";
import { calculatorFor } from "./race/targets.ts";
import { durationMs } from "./time/duration.ts";

/** Where one of these is no list at all, its entries cannot be looked at. */
const EXIT_LISTS = /^(options|exits|exits\.(local|exclude|proxies|sources))$/;

/** Every problem in one error, whichever room would have found it. */
export function validated(options: ExitPoolOptions): ExitPoolOptions {
  const problems = checkOptions(options);
  // Nothing in it can be looked at.
  if (typeof options !== "object" || options === null) throw configError(problems);
  if (!problems.some(({ path }) => EXIT_LISTS.test(path))) problems.push(...checkExits(options.exits ?? {}).problems);
  for (const [path, rules] of [...Object.entries(options.targets ?? {}).map(([name, target]) => [`targets.${name}.weights`, target] as const), ["defaults.weights", options.defaults ?? {}] as const]) {
    if (problems.some((problem) => problem.path.startsWith(path))) continue;
    try {
      calculatorFor(rules);
    } catch (error) {
      problems.push({ path, given: "a table with mistakes", expected: `a valid one:\n    ${(error as Error).message.replaceAll("\n", "\n    ")}` });
    }
  }
  if (problems.length > 0) throw configError(problems);
  return options;
}

export function healthRules({ health = {} }: ExitPoolOptions): HealthRules {
  return {
    window: health.window ?? DEFAULT_HEALTH.window,
    cooldownAfter: health.cooldownAfter ?? DEFAULT_HEALTH.cooldownAfter,
    cooldownBaseMs: durationMs(health.cooldownBase ?? DEFAULT_HEALTH.cooldownBaseMs),
    cooldownMaxMs: durationMs(health.cooldownMax ?? DEFAULT_HEALTH.cooldownMaxMs),
    deadAfterSamples: health.deadAfterSamples ?? DEFAULT_HEALTH.deadAfterSamples,
    maxEjected: health.maxEjected,
  };
}

export function engineRules({ alerts = {}, exits = {}, queue = {}, attemptTimeout }: ExitPoolOptions): EngineRules {
  const attempt = attemptTimeout === undefined ? undefined : attemptTimeout === false ? Infinity : durationMs(attemptTimeout);
  return {
    capacity: queue.capacity ?? 1_000,
    maxAttempts: queue.maxAttempts ?? 5,
    failover: exits.strategy === "failover",
    alertFailures: alerts.consecutiveFailures ?? 5,
    plainCredentials: exits.plainCredentials === true,
    queueWhenOpen: queue.onOpen === "queue",
    timeoutMs: queue.timeout === false ? Infinity : durationMs(queue.timeout ?? "60s"),
    attemptTimeoutMs: attempt ?? Infinity,
    proxyAttemptTimeoutMs: attempt ?? durationMs("8s"),
  };
}
