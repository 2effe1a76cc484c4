const SECONDS = /^\d{1,12}$/;
/** The one date form that HTTP still sends: `Fri, 20 Nov 2026 00:01:48 GMT` (RFC 9110, IMF-fixdate). */
const FIXDATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Epoch milliseconds of an HTTP date, or `undefined`. `Date.parse` alone takes "-1" for the year 2001. */
export function parseHttpDate(value: string | undefined): number | undefined {
  if (value === undefined || value.length !== 29 || !FIXDATE.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * How long a Retry-After header asks to wait, in milliseconds: seconds, or an HTTP date, compared with the server's own
 * clock where that is known. A date in the past is 0. `undefined` for whatever cannot be read: the caller then uses its own backoff.
 */
export function parseRetryAfter(value: string | undefined, serverNow: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (SECONDS.test(text)) return Number(text) * 1_000;
  const at = parseHttpDate(text);
  return at === undefined ? undefined : Math.max(0, at - serverNow);
}
