/**
 * The names of IP-aware rate limiters that people move here from, in camelCase, with the pool as first argument. Each is a
 * few lines over the pool's own methods: new code calls those.
 *
 * Percent-encoded parameters, targets by exchange name, addresses by exit id.
 */
import { createExitPool } from "./pool.ts";
import type { Lease } from "./model/lease.ts";
import type { ExitPoolOptions } from "./model/options.ts";
import type { ExitPool, ExitStatus, PoolStatus, WeightAnalysis, WeightReport } from "./model/pool.ts";
import type { RequestInfo } from "./model/request.ts";
import type { ResponseInfo } from "./model/response.ts";

/** A request as those limiters describe it. */
export interface PermitRequest {
  /** The name of a target of the pool. */
  exchange: string;
  /** @default "/" */
  endpoint?: string;
  /** @default "GET" */
  method?: string;
  parameters?: Record<string, string | number | boolean | readonly (string | number)[]>;
  /** `"websocket"`: a connection. @default "rest_public" */
  requestType?: "rest_public" | "rest_private" | "order" | "websocket";
  /** Units of weight, instead of what the target's table says. */
  weight?: number;
  headers?: Record<string, string>;
}

export interface Permit {
  granted: boolean;
  /** The exit that it was granted for, else `undefined`. */
  ipAddress: string | undefined;
  /** Why not, in words. */
  reason: string;
  /** When it is worth asking again, where it was refused. */
  retryAfterMs: number;
  /** To be settled and released by its holder; gives itself back as "aborted" when it is only released. */
  lease: Lease | undefined;
}

export interface SmartPermit extends Permit {
  calculatedWeight: number;
  weightBreakdown: { baseWeight: number; parameterAdditions: number; totalWeight: number };
  optimizationSuggestions: string[];
}

/** A pool of a primary address and its backups, used in that order. Everything else as in `createExitPool`. */
export function createIpAwareCoordinator(primary: string, backups: readonly string[] = [], options: Omit<ExitPoolOptions, "exits"> & { exits?: Omit<NonNullable<ExitPoolOptions["exits"]>, "local"> } = {}): ExitPool {
  return createExitPool({ ...options, exits: { strategy: "failover", ...options.exits, local: [primary, ...backups] } });
}

/** The address that the next request to the target would leave by; `undefined` where none can now. */
export function getCurrentIp(pool: ExitPool, exchange: string): string | undefined {
  const exits = Object.entries(pool.status().targets[exchange]?.exits ?? {});
  return exits.find(([, { status }]) => status !== "banned" && status !== "cooldown" && status !== "dead")?.[0];
}

/** Permission to send, for a weight that the caller knows. */
export function acquireIpAwarePermit(pool: ExitPool, request: PermitRequest): Permit {
  const answer = pool.tryAcquire(requestInfo(request), { mode: request.requestType === "websocket" ? "shared" : "ephemeral" });
  if (answer.granted) return { granted: true, ipAddress: answer.lease.exit.id, reason: "granted", retryAfterMs: 0, lease: answer.lease };
  return { granted: false, ipAddress: undefined, reason: inWords(answer.reason, answer.retryAfterMs), retryAfterMs: answer.retryAfterMs, lease: undefined };
}

/** Permission to send, for the weight that the request really has. */
export function acquireSmartApiPermit(pool: ExitPool, request: PermitRequest): SmartPermit {
  return { ...acquireIpAwarePermit(pool, request), ...weightFields(pool.weigh(requestInfo(request))) };
}

/** Permissions for all of them, or for none. */
export function batchAcquirePermits(pool: ExitPool, requests: readonly PermitRequest[]): SmartPermit[] {
  const infos = requests.map(requestInfo);
  return pool.tryAcquireAll(infos).map((answer, index) => ({
    ...(answer.granted
      ? { granted: true, ipAddress: answer.lease.exit.id, reason: "granted", retryAfterMs: 0, lease: answer.lease }
      : { granted: false, ipAddress: undefined, reason: inWords(answer.reason, answer.retryAfterMs), retryAfterMs: answer.retryAfterMs, lease: undefined }),
    ...weightFields(pool.weigh(infos[index])),
  }));
}

/** What the exchange answered to a request that had a permit: settles and releases it. */
export function reportExchangeResponse(permit: Permit, statusCode: number, headers: Readonly<Record<string, string | undefined>>): void {
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const info: ResponseInfo = { status: statusCode, header: (name) => lower.get(name.toLowerCase()) };
  permit.lease?.settle(info);
  permit.lease?.release();
}

export function calculateWeight(pool: ExitPool, request: PermitRequest): number {
  return pool.weigh(requestInfo(request)).weight;
}

export function validateParameters(pool: ExitPool, request: PermitRequest): { warnings: string[]; estimatedWeight: number } {
  const { warnings, suggestions, weight } = pool.weigh(requestInfo(request));
  return { warnings: [...warnings, ...suggestions.map(({ change }) => change)], estimatedWeight: weight };
}

export function simulateRequestWeight(pool: ExitPool, request: PermitRequest): SmartPermitWeight & { validation: { warnings: string[] } } {
  return { ...weightFields(pool.weigh(requestInfo(request))), validation: { warnings: validateParameters(pool, request).warnings } };
}

export function getWeightAnalysis(pool: ExitPool): { summary: { totalRequests: number; highWeightRequests: number; averageWeight: number }; optimizationOpportunities: WeightAnalysis["opportunities"]; optimizationTips: string[] } {
  const { totalRequests, highWeightRequests, averageWeight, opportunities, tips } = pool.weightReport();
  return { summary: { totalRequests, highWeightRequests, averageWeight }, optimizationOpportunities: opportunities, optimizationTips: tips };
}

export const getWeightOptimizationReport: typeof getWeightAnalysis = getWeightAnalysis;

/** How every address stands at a target. */
export function getIpStatusSummary(pool: ExitPool, exchange: string): { currentIp: string | undefined; switches: number; ipDetails: Record<string, ExitStatus & { isBanned: boolean }> } {
  const status: PoolStatus = pool.status();
  const details = Object.entries(status.targets[exchange]?.exits ?? {}).map(([id, exit]) => [id, { ...exit, isBanned: exit.status === "banned" }] as const);
  return { currentIp: getCurrentIp(pool, exchange), switches: status.switches, ipDetails: Object.fromEntries(details) };
}

type SmartPermitWeight = Pick<SmartPermit, "calculatedWeight" | "weightBreakdown" | "optimizationSuggestions">;

function weightFields({ weight, breakdown, suggestions }: WeightReport): SmartPermitWeight {
  return {
    calculatedWeight: weight,
    weightBreakdown: { baseWeight: breakdown.base, parameterAdditions: breakdown.additions, totalWeight: breakdown.total },
    optimizationSuggestions: suggestions.map(({ change, saves }) => `${change} (saves ${saves})`),
  };
}

function requestInfo({ exchange, endpoint = "/", method, parameters = {}, requestType, weight, headers }: PermitRequest): RequestInfo {
  const query = Object.entries(parameters).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(Array.isArray(value) ? JSON.stringify(value) : String(value as string))}`);
  const path = query.length === 0 ? endpoint : `${endpoint}?${query.join("&")}`;
  return {
    method: requestType === "websocket" ? "CONNECT" : (method ?? (requestType === "order" ? "POST" : "GET")),
    url: `https://${exchange}${path}`,
    host: exchange,
    path,
    ...(headers === undefined ? {} : { headers }),
    hints: { target: exchange, ...(weight === undefined ? {} : { weight }) },
  };
}

function inWords(reason: string, retryAfterMs: number): string {
  const when = Number.isFinite(retryAfterMs) && retryAfterMs > 0 ? `; free in ${Math.ceil(retryAfterMs)} ms` : "";
  if (reason.startsWith("limit:")) return `the limit "${reason.slice("limit:".length)}" is used up${when}`;
  const words: Record<string, string> = {
    "not-ready": "the exits are not known yet",
    "no-exit": "there is no exit",
    "circuit-open": "the exchange is failing",
    "in-flight": "as many requests are under way as may be",
    spacing: "every exit has just sent",
    cooldown: "every exit has to wait",
    banned: "every exit is banned",
    dead: "every exit is dead",
    "over-quota": "the request costs more than the limit ever allows",
    "ledger-pending": "the shared store has not answered yet",
  };
  return `${words[reason] ?? reason}${when}`;
}
