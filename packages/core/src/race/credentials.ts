import { MultihomeError } from "../errors.ts";
import type { RequestInfo } from "../model/request.ts";

/** Headers that let whoever reads them act as their sender. In lower case. */
const SECRET = /^(authorization|cookie|proxy-authorization|x-mbx-apikey|ok-access-(key|sign|passphrase)|x-api-key|api-key|apikey|x-auth-token)$/;

/**
 * Refuses to send credentials in the clear through proxies that strangers have named: each of them reads every byte of plain
 * http. `undefined` where there is nothing to refuse.
 */
export function plainCredentials(request: RequestInfo, target: string): MultihomeError | undefined {
  const { url } = request;
  const plain = typeof url === "string" ? /^http:/i.test(url) : url.protocol === "http:";
  if (!plain) return undefined;
  const name = Object.entries(request.headers ?? {}).find(([header, value]) => value !== undefined && SECRET.test(header.toLowerCase()))?.[0];
  if (name === undefined) return undefined;
  return new MultihomeError("MH_ERR_PLAIN_CREDENTIALS", `The request to ${target} carries ${name} over plain http, and this pool has exits from lists that are not your own. Use https, or allow it with exits.plainCredentials.`, { target });
}
