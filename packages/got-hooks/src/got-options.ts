/**
 * As much of got's `Options` as is looked at here. In our own words, because the declarations of got 14, 15 and 16 differ
 * where the options do not.
 */
export interface GotOptions {
  url: string | URL | undefined;
  readonly method: string;
  headers: Record<string, string | string[] | undefined>;
  username: string;
  password: string;
  /** By the time of the request: text, bytes, or something that is read only once. */
  readonly body?: unknown;
  readonly context: Record<string, unknown>;
  readonly timeout: { readonly request?: number; readonly lookup?: number; readonly connect?: number; readonly secureConnect?: number; readonly read?: number };
  readonly signal?: AbortSignal | undefined;
  readonly http2: boolean;
  readonly localAddress?: string | undefined;
  readonly createConnection?: unknown;
  agent: { readonly http?: unknown; readonly https?: unknown };
  request: unknown;
}
