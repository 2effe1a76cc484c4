import { isMultihomeError, MultihomeError } from "@multihome/core";
import type { AxiosError, AxiosResponse, InternalAxiosRequestConfig } from "axios";
import type { AxiosLibrary } from "./library.ts";

/** What a MultihomeError says beyond its message; an AxiosError that stands for one says it, too. */
const DETAILS = ["target", "attempts", "retryAfterMs", "capacity", "elapsedMs"] as const;

/**
 * What axios's callers know: an AxiosError as it is, everything else as its `cause`. One of ours gives it its code and
 * details, so that `isMultihomeError(error)` and `error.retryAfterMs` work on it directly.
 */
export function toAxiosError(axios: AxiosLibrary, error: unknown, config: InternalAxiosRequestConfig, request: unknown): unknown {
  if (axios.isAxiosError(error) || axios.isCancel(error)) return error;
  if (!(error instanceof Error)) return error;
  const wrapped = axios.AxiosError.from(error, (error as { code?: string }).code, config, request);
  return isMultihomeError(error) ? withDetails(wrapped, error) : wrapped;
}

/** Undoes what the inner config has left in an error. */
export function restoreConfig(error: unknown, config: InternalAxiosRequestConfig): void {
  if (typeof error !== "object" || error === null || !("config" in error)) return;
  error.config = config;
  const { response } = error as { response?: { config?: unknown } };
  if (typeof response === "object" && response !== null && "config" in response) response.config = config;
}

export function refusal(axios: AxiosLibrary, message: string, config: InternalAxiosRequestConfig): unknown {
  return toAxiosError(axios, new MultihomeError("MH_ERR_CONFIG", message), config, undefined);
}

/** As axios's own `settle` makes it. */
export function statusError(axios: AxiosLibrary, response: AxiosResponse, config: InternalAxiosRequestConfig): AxiosError {
  const { AxiosError } = axios;
  const { status } = response;
  return new AxiosError(
    `Request failed with status code ${status}`,
    status >= 400 && status < 500 ? AxiosError.ERR_BAD_REQUEST : AxiosError.ERR_BAD_RESPONSE,
    config,
    response.request,
    response,
  );
}

export function timeoutError(axios: AxiosLibrary, config: InternalAxiosRequestConfig, request: unknown): AxiosError {
  const { AxiosError } = axios;
  let message = `timeout of ${config.timeout}ms exceeded`;
  if (config.timeoutErrorMessage) message = config.timeoutErrorMessage;
  return new AxiosError(message, config.transitional?.clarifyTimeoutError ? AxiosError.ETIMEDOUT : AxiosError.ECONNABORTED, config, request);
}

/** What axios says of a body that ended too soon. */
export function cutError(axios: AxiosLibrary, config: InternalAxiosRequestConfig, request: unknown): AxiosError {
  return new axios.AxiosError("stream has been aborted", axios.AxiosError.ERR_BAD_RESPONSE, config, request);
}

/** What went wrong below axios: it wraps what the connection or follow-redirects said. */
export function causeOf(error: unknown): unknown {
  return (error as { cause?: unknown } | null | undefined)?.cause ?? error;
}

/**
 * Did axios, the caller or the pool itself end the request, rather than the connection? Then no exit is to blame, and to try
 * again would bring the same.
 */
export function isOwnDoing(axios: AxiosLibrary, error: unknown): boolean {
  const cause = causeOf(error);
  return axios.isCancel(error) || axios.isAxiosError(cause) || isMultihomeError(cause) || isRedirectError(cause);
}

/** follow-redirects could or would not follow: too many, no URL, a `beforeRedirect` that threw. */
export function isRedirectError(cause: unknown): boolean {
  const code = (cause as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" && code.startsWith("ERR_FR_");
}

/** Of the system, of TLS, or of Node's parser; not of a decoder. */
export function isConnectionError(cause: unknown): boolean {
  const code = (cause as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" && /^(?:E[A-Z]+$|HPE_|ERR_SSL_|ERR_TLS_)/.test(code);
}

/** What Node says where a connection ends without an answer. */
export function hangUp(): Error {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}

function withDetails(wrapped: AxiosError, error: MultihomeError): AxiosError {
  for (const key of DETAILS) {
    if (error[key] !== undefined) Object.defineProperty(wrapped, key, { value: error[key], configurable: true, writable: true });
  }
  return wrapped;
}
