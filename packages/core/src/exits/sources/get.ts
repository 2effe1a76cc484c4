import http from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import https from "node:https";
import type { LookupFunction } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { assertPublicHost, createPublicLookup } from "./public-lookup.ts";
import { reachOf } from "./reach.ts";
import type { Reach } from "./reach.ts";

export interface GetDeps {
  /** Who can be at an address. @default by the registries of IANA */
  readonly reach?: (address: string) => Reach;
  /** How names are resolved. @default the system's way, and for hosts that a public address redirects to, to public addresses alone */
  readonly lookup?: LookupFunction;
  /** What HTTPS trusts. @default Node's authorities */
  readonly tls?: SecureContextOptions;
}

/** An answer whose body has not been read. */
export interface Answer {
  readonly response: IncomingMessage;
  /** It came from a public address, or by way of one. */
  readonly isPublic: boolean;
  /**
   * To be asked when the body has ended: a body that lasts until the connection closes also seems to have ended where the
   * connection broke, or was destroyed by the signal.
   * @throws what it broke with, or the signal's reason
   */
  assertWhole(): void;
  /** To be called in the end, whatever came of it: closes the sockets. */
  close(): void;
}

const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const HEADERS = { accept: "text/plain, */*;q=0.5", "accept-encoding": "gzip, deflate, br", "user-agent": "multihome" };

/**
 * Gets a URL, with agents that nobody else has: the global ones may be proxied by the environment, and the global dispatcher
 * of `fetch` may be the pool that waits for this list. Follows redirects, but from a public address never to a private one.
 *
 * @throws when no answer with a status of 200 to 299 came, and with the signal's reason.
 */
export async function get(first: URL, signal: AbortSignal, deps: GetDeps = {}): Promise<Answer> {
  const reach = deps.reach ?? reachOf;
  const agents = [new http.Agent(), new https.Agent(deps.tls)];
  const close = (): void => agents.forEach((agent) => agent.destroy());
  try {
    let url = first;
    let isPublic = false;
    for (let redirects = 0; ; redirects++) {
      if (isPublic) assertPublicHost(url.hostname, reach);
      const lookup = isPublic ? createPublicLookup(reach) : deps.lookup;
      // A redirect within the same origin is the same server; any other has no business with the password.
      const auth = url.origin === first.origin ? authOf(first) : undefined;
      const agent = agents[url.protocol === "https:" ? 1 : 0];
      const { response, failure } = await send(url, { agent, signal, headers: HEADERS, ...(lookup === undefined ? {} : { lookup }), ...(auth === undefined ? {} : { auth }) });
      // Once a socket is gone its address is, too; then it is a stranger's.
      isPublic ||= reach(response.socket.remoteAddress ?? "") !== "own";
      const next = redirectOf(response, url);
      if (next === undefined) return { response, isPublic, assertWhole: () => assertWhole(failure(), signal), close };
      response.destroy();
      if (redirects === MOST_REDIRECTS) throw new Error(`more than ${MOST_REDIRECTS} redirects`);
      url = next;
    }
  } catch (error) {
    close();
    throw error;
  }
}

interface Sent {
  readonly response: IncomingMessage;
  /** What the connection broke with, before the answer or behind its head. */
  failure(): Error | undefined;
}

function send(url: URL, options: RequestOptions): Promise<Sent> {
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  const { request } = url.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const sent = request(bare, options);
    sent.on("response", (response) => {
      // What breaks off while nobody reads it yet.
      response.on("error", () => {});
      resolve({ response, failure: () => failure });
    });
    sent.on("error", (error) => {
      failure ??= error;
      reject(error);
    });
    // Such as after a 101 that nobody asked for, which Node closes without a word.
    sent.on("close", () => reject(new Error("the connection closed without an answer")));
    sent.end();
  });
}

function assertWhole(failure: Error | undefined, signal: AbortSignal): void {
  signal.throwIfAborted();
  if (failure !== undefined) throw failure;
}

/** Where the answer sends us; `undefined` when it is the list itself. */
function redirectOf(response: IncomingMessage, url: URL): URL | undefined {
  const status = response.statusCode ?? 0;
  if (!REDIRECTS.has(status)) {
    if (status >= 200 && status <= 299) return undefined;
    throw new Error(`the answer was ${status}`);
  }
  const { location } = response.headers;
  const next = location === undefined ? null : parse(location, url);
  if (next === null) throw new Error(`a redirect (${status}) to nowhere`);
  if (next.protocol !== "http:" && next.protocol !== "https:") throw new Error(`a redirect to a ${next.protocol} URL`);
  return next;
}

function parse(location: string, base: URL): URL | null {
  try {
    return new URL(location, base);
  } catch {
    return null;
  }
}

function authOf({ username, password }: URL): string | undefined {
  return username === "" && password === "" ? undefined : `${decodeOnce(username)}:${decodeOnce(password)}`;
}

function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
