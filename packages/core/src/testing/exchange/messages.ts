/** A request as it arrives at the exchange. */
export interface ExchangeRequest {
  /** The source address that the exchange sees. */
  address: string;
  /** In capitals. */
  method: string;
  /** Without the query. */
  path: string;
  /** Without its question mark. */
  query?: string;
  /** Names in lower case. */
  headers?: Readonly<Record<string, string | string[] | undefined>>;
  /** A form, where there is one. */
  body?: string;
  /** When it arrives, on the scale of the clock's `now()`. @default now */
  at?: number;
}

export interface ExchangeAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const UNITS = [
  ["DAY", 86_400_000],
  ["HOUR", 3_600_000],
  ["MINUTE", 60_000],
  ["SECOND", 1_000],
] as const;

/** A window's length as `rateLimits` writes it: 2 SECOND, 1 MINUTE. */
export function intervalOf(ms: number): { interval: string; intervalNum: number } {
  for (const [interval, unitMs] of UNITS) {
    if (ms % unitMs === 0) return { interval, intervalNum: ms / unitMs };
  }
  throw new RangeError(`Expected a window of whole seconds, got ${ms} ms.`);
}

/** A window's length as headers write it: `2s`, `1m`. */
export function intervalSuffix(ms: number): string {
  const { interval, intervalNum } = intervalOf(ms);
  return `${intervalNum}${interval[0].toLowerCase()}`;
}

/** Parameters may stand in the query or, as a form, in the body. */
export function parametersOf(request: ExchangeRequest): URLSearchParams {
  const query = request.query ?? "";
  const body = request.body ?? "";
  return new URLSearchParams(body === "" ? query : `${query}&${body}`);
}

export function headerOf(request: ExchangeRequest, name: string): string | undefined {
  const value = request.headers?.[name];
  return Array.isArray(value) ? value[0] : value;
}
