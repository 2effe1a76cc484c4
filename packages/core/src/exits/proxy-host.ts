import { parseAddress } from "./address.ts";

export interface ProxyHost {
  /** Lower case, without brackets and trailing dot; an address in its one spelling. */
  readonly name: string;
  readonly isAddress: boolean;
}

// A plain name: WHATWG's URL would change nothing in it. Its last label must not look like a number, which URL reads as part of an IPv4 address.
const PLAIN_NAME = /^(?:[a-z0-9_-]{1,63}\.)*[a-z](?:[a-z0-9_-]{0,62})$/;
const LABEL = /^[a-z0-9_-]{1,63}$/;
const LONGEST_NAME = 253; // RFC 1035 section 2.3.4, less the length bytes of the first label and the root

/**
 * The canonical host of a proxy, or `undefined`.
 *
 * Lists spell one address in many ways (`0177.0.0.1`, `2130706433`, full-width digits). They are read as `http:` URLs read
 * them, because that is how whoever wrote the list has seen them work, and so that one proxy stays one exit.
 */
export function parseProxyHost(text: string): ProxyHost | undefined {
  if (text.startsWith("[")) return text.endsWith("]") && text.includes(":") ? addressHost(text.slice(1, -1)) : undefined;

  const lower = text.toLowerCase();
  if (PLAIN_NAME.test(lower) && lower.length <= LONGEST_NAME && !lower.includes("xn--")) return { name: lower, isAddress: false };

  // Whatever has a meaning in a URL beyond the host would otherwise be read as that.
  if (text === "" || /[\s%:/?#@\\[\]]/.test(text)) return undefined;
  let name: string;
  try {
    name = new URL(`http://${text}/`).hostname;
  } catch {
    return undefined;
  }
  if (name.endsWith(".")) name = name.slice(0, -1);
  const address = addressHost(name);
  if (address !== undefined) return address;
  return name.length <= LONGEST_NAME && name.split(".").every((label) => LABEL.test(label)) ? { name, isAddress: false } : undefined;
}

function addressHost(text: string): ProxyHost | undefined {
  const address = parseAddress(text);
  return address === undefined ? undefined : { name: address.text, isAddress: true };
}
