import type { InternalAxiosRequestConfig } from "axios";
import type { HandSignal } from "./hand-signal.ts";
import type { Hops } from "./hops.ts";

/** What axios's own adapter is given for one attempt: the caller's config, but for what is ours to decide. */
export function innerConfig(config: InternalAxiosRequestConfig, headers: InternalAxiosRequestConfig["headers"], hops: Hops, signal: HandSignal): InternalAxiosRequestConfig {
  const inner = copyOf(config);
  inner.headers = headers;
  inner.httpAgent = hops.agents.http;
  inner.httpsAgent = hops.agents.https;
  // Else a proxy of the environment would win over the agents.
  inner.proxy = false;
  inner.signal = signal;
  inner.cancelToken = undefined;
  // Both are the whole request's, not one attempt's.
  inner.timeout = 0;
  inner.validateStatus = null;
  if (config.maxRedirects !== 0) inner.beforeRedirect = hops.beforeRedirect.bind(hops);
  return inner;
}

/** One by one: axios's configs are dictionaries without a prototype, and spreading one costs five times as much. */
function copyOf(config: InternalAxiosRequestConfig): InternalAxiosRequestConfig {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(config)) copy[key] = (config as unknown as Record<string, unknown>)[key];
  return copy as unknown as InternalAxiosRequestConfig;
}
