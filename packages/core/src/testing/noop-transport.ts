import type { Transport } from "../model/lease.ts";
import type { ResponseInfo } from "../model/response.ts";

/**
 * Answers every request with 200 at once and touches nothing: what is left in a measurement is the pool's own cost.
 * Its `send` takes only the lease, so that no AbortSignal is made for it.
 */
export function noopTransport(): Transport<ResponseInfo> {
  const answer: ResponseInfo = { status: 200, header: () => undefined };
  return {
    send: (_lease) => Promise.resolve(answer),
    inspect: (response) => response,
    discard: () => undefined,
  };
}
