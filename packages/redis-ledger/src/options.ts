import { parseDuration, type Clock, type Duration, type Logger } from "@multihome/core";
import { configError } from "./errors.ts";
import { ownPrefixOf, type GivenClient } from "./given-link.ts";
import type { OnUnavailable } from "./mode.ts";

export interface RedisLedgerOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://…` over TLS. The connection is the ledger's own. One of `url` and `client` is needed. */
  url?: string;
  /** A connected client of node-redis or ioredis, a cluster's too. The ledger only sends commands over it, and never closes it. */
  client?: GivenClient;
  /** First part of every key. Pools that share limits need the same one. @default "multihome" */
  prefix?: string;
  /** What has not been answered by then counts as spent, and the request is decided without the store. @default "50ms" */
  deadline?: Duration;
  /**
   * What to do while the store is slow, gone, full or read-only. `local-share`: each process spends a fair part of each limit, a fifth
   * less for safety, for as many processes as were lately seen. `closed`: nothing is sent. `open`: everything is sent, and limits are
   * only counted in each process.
   *
   * @default "local-share"
   */
  onUnavailable?: OnUnavailable;
  /** How many processes share the limits, where you know: used by `local-share` until the store has said how many there are. Without it a process that starts while the store is away sends nothing. */
  processes?: number;
  /** Where wrong options of the store are reported: a password, a prefix, limits that contradict each other. @default process.emitWarning */
  logger?: Logger;
  clock?: Clock;
}

export interface Settings {
  readonly url: URL | undefined;
  readonly client: GivenClient | undefined;
  readonly prefix: string;
  readonly deadlineMs: number;
  readonly onUnavailable: OnUnavailable;
  readonly processes: number;
  /** What no message may hold. */
  readonly secrets: readonly string[];
}

const MODES: readonly string[] = ["local-share", "closed", "open"];
const KNOWN: readonly string[] = ["url", "client", "prefix", "deadline", "onUnavailable", "processes", "logger", "clock"];

/** @throws MultihomeError `MH_ERR_CONFIG` that lists all that is wrong; never with the URL, which may hold a password */
export function settingsOf(options: RedisLedgerOptions): Settings {
  if (typeof options !== "object" || options === null) throw configError(`redisLedger expects an object of options, such as { url: "redis://127.0.0.1:6379" }, got ${options === null ? "null" : `a ${typeof options}`}.`);
  const { prefix = "multihome", deadline = "50ms", onUnavailable = "local-share", processes, client } = options;
  const problems: string[] = [];
  for (const name of Object.keys(options)) if (!KNOWN.includes(name)) problems.push(`${name}: there is no such option; there are ${KNOWN.join(", ")}`);
  const url = options.url === undefined ? undefined : parseUrl(options.url, problems);
  if (options.url === undefined && client === undefined) problems.push("url: expected one, or a client");
  if (options.url !== undefined && client !== undefined) problems.push("client: expected either a url or a client");
  const own = client === undefined ? undefined : ownPrefixOf(client);
  if (own !== undefined) problems.push(`client: expected one without a keyPrefix of its own, got \`${own}\`; the ledger has the option prefix`);
  if (typeof prefix !== "string" || prefix === "" || /[\s\0]/.test(prefix)) problems.push("prefix: expected a text without spaces");
  const deadlineMs = parseDuration(deadline);
  if (deadlineMs === undefined || deadlineMs < 1 || deadlineMs > 60_000) problems.push(`deadline: expected a duration from 1 ms to 60 s, got \`${String(deadline)}\``);
  if (!MODES.includes(onUnavailable)) problems.push(`onUnavailable: expected one of ${MODES.join(", ")}, got \`${String(onUnavailable)}\``);
  if (processes !== undefined && !(Number.isSafeInteger(processes) && processes >= 1)) problems.push(`processes: expected a whole number of at least 1, got \`${String(processes)}\``);
  if (problems.length > 0) throw configError(`redisLedger has ${problems.length === 1 ? "a wrong option" : "wrong options"}: ${problems.join("; ")}.`);
  return { url, client, prefix, deadlineMs: deadlineMs ?? 50, onUnavailable, processes: processes ?? 0, secrets: secretsOf(url) };
}

function parseUrl(text: string, problems: string[]): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === "") {
    problems.push("url: expected redis://host:port or rediss://host:port, with user:password@ before the host where there is one (it is not repeated here, for it may hold a password)");
    return undefined;
  }
  if (!/^\/?\d*$/.test(url.pathname)) problems.push("url: expected the number of a database after the port, or nothing");
  for (const part of [url.username, url.password]) if (decoded(part) === undefined) problems.push("url: expected user and password to be percent-encoded");
  return url;
}

function secretsOf(url: URL | undefined): string[] {
  if (url === undefined || url.password === "") return [];
  return [...new Set([url.password, decoded(url.password) ?? "", url.href])];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
