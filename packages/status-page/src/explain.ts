import type { Cause, ExitPool, Explanation, RequestInfo } from "@multihome/core";
import { json, type Answer } from "./question.ts";
import type { CauseFrame, ExplainFrame } from "./wire.ts";
import { count, duration, ofExits } from "./words.ts";

/** Exits named for each reason. */
const NAMED = 4;
const METHOD = /^[A-Za-z]{1,20}$/;

/** What a person asks about; the rest of a request hardly changes what it weighs. */
interface Asked {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
}

export function explainAnswer(pool: ExitPool, given: unknown): Answer {
  const asked = read(given);
  if (typeof asked === "string") return json({ error: asked }, 400);
  const request: RequestInfo = asked;
  try {
    return json(explainFrame(pool.explain(request)));
  } catch (error) {
    return json({ error: error instanceof Error ? error.message : "It cannot be explained." }, 400);
  }
}

/** What a request that waits would hear now. */
export function explainTaskAnswer(pool: ExitPool, task: string): Answer {
  const now = pool.explain(task)?.now;
  return now === undefined ? json({ error: "It does not wait any more." }, 404) : json(explainFrame(now, true));
}

/** The request, or what is wrong with it. */
function read(given: unknown): Asked | string {
  if (typeof given !== "object" || given === null) return "Expected an object with method and url.";
  const { method = "GET", url, headers, body } = given as Record<string, unknown>;
  if (typeof method !== "string" || !METHOD.test(method)) return "Expected a method such as GET.";
  if (typeof url !== "string" || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return "Expected a whole URL that begins with http:// or https://.";
  if (headers !== undefined && (typeof headers !== "object" || headers === null || Object.values(headers).some((value) => typeof value !== "string"))) return "Expected headers as an object of texts.";
  if (body !== undefined && typeof body !== "string") return "Expected the body as text.";
  return { method: method.toUpperCase(), url, ...(headers === undefined ? {} : { headers: headers as Record<string, string> }), ...(body === undefined ? {} : { body }) };
}

function explainFrame({ target, weight, breaker, queued, exits, wouldWaitMs, paused, pausedAccount, common = [] }: Explanation, waits = false): ExplainFrame {
  const usable = exits.filter((exit) => exit.usable).length;
  const text: ExplainFrame["text"][number][] = [];
  if (usable > 0 && breaker === "closed") text.push({ level: "good", text: `It could leave at once, by ${ofExits(usable, exits.length)}.` });
  else if (usable > 0) text.push({ level: "bad", text: `By ${ofExits(usable, exits.length)} it could leave, but the breaker of ${target} is ${breaker}.` });
  else if (Number.isFinite(wouldWaitMs) && wouldWaitMs > 0) text.push({ level: "warning", text: `No exit can take it now; the first could in ${duration(wouldWaitMs)}.` });
  else if (wouldWaitMs === 0) text.push({ level: "warning", text: "No exit can take it until an answer that is out has come back." });
  else text.push({ level: "bad", text: exits.length === 0 ? "There is no exit." : "No exit will ever take it as things are." });
  if (paused !== undefined) text.push({ level: "bad", text: `${target} keeps everybody away for another ${duration(paused.forMs)}${paused.cause === undefined ? "" : `: ${paused.cause.reason}, answered to ${paused.cause.request} ${duration(paused.cause.agoMs)} ago`}.` });
  if (pausedAccount !== undefined) text.push({ level: "bad", text: `${target} keeps ${pausedAccount.label} away for another ${duration(pausedAccount.forMs)}, whichever exit it leaves by.` });
  if (waits && queued > 1) text.push({ level: "warning", text: `It is one of ${count(queued, "request")} that wait for ${target}.` });
  else if (!waits && queued > 0) text.push({ level: "warning", text: `${count(queued, "request")} ${queued === 1 ? "waits" : "wait"} for ${target} already; what waits for the same goes first.` });

  const groups = new Map<string, { usable: boolean; exits: number; retryAfterMs: number; names: string[]; cause: CauseFrame | undefined }>();
  for (const exit of exits) {
    const key = exit.usable ? "" : (exit.reason ?? "unknown");
    const group = groups.get(key) ?? { usable: exit.usable, exits: 0, retryAfterMs: Infinity, names: [], cause: causeFrame(exit.cause) };
    groups.set(key, group);
    group.exits++;
    group.retryAfterMs = Math.min(group.retryAfterMs, exit.retryAfterMs ?? Infinity);
    if (group.names.length < NAMED) group.names.push(exit.id);
  }
  return {
    target,
    text,
    weight: weight.weight,
    // Their keys are left out: one may be an API key.
    charges: weight.charges.map(({ limit, units, of, perMs, scope }) => ({ limit, units, of, perMs, scope })),
    common,
    ...(weight.rule === undefined ? {} : { rule: [weight.rule.table, weight.rule.source].join(", ") }),
    warnings: weight.warnings,
    suggestions: weight.suggestions.map(({ change, saves }) => `${change} (saves ${saves})`),
    groups: [...groups].map(([reason, { usable: may, exits: some, retryAfterMs, names, cause }]) => ({
      reason,
      text: reasonText(reason, retryAfterMs),
      usable: may,
      exits: some,
      ...(Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}),
      names,
      ...(cause === undefined ? {} : { cause }),
    })),
    asked: exits.length,
  };
}

export function causeFrame(cause: Cause | undefined): CauseFrame | undefined {
  return cause === undefined ? undefined : { agoMs: cause.agoMs, reason: cause.reason, request: cause.request };
}

function reasonText(reason: string, afterMs: number): string {
  const soon = Number.isFinite(afterMs) && afterMs > 0 ? duration(afterMs) : undefined;
  const then = (before: string, known: string): string => (soon === undefined ? before : `${before}; ${known} ${soon}`);
  if (reason.startsWith("limit:")) return then(`no room in ${reason.slice(6)}`, "the first window turns in");
  switch (reason) {
    case "":
      return "could take it now";
    case "cooldown":
      return then("resting after failures or a refusal", "the first is back in");
    case "banned":
      return then("banned by the target", "the first ban ends in");
    case "dead":
      return "dead: never a success in so many attempts";
    case "spacing":
      return then("keeping the spacing between two requests", "the first may send in");
    case "in-flight":
      return "with as many requests in flight as an exit may have";
    case "over-quota":
      return "with limits that the request could never fit in";
    default:
      return then(reason, "for");
  }
}
