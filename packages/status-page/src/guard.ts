import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { MultihomeError } from "@multihome/core";
import { plain, type Answer, type Question } from "./question.ts";

export interface GuardOptions {
  /**
   * Whoever looks has to know it: as `Authorization: Bearer …`, or once as `?token=…` in the page's address, which is then
   * kept in a cookie. Without one everybody is let in who can reach the server.
   *
   * @default undefined
   */
  token?: string;
  /**
   * Names under which the page may be asked for, with or without a port, beside IP addresses and `localhost`. Any other name
   * is refused: it may be one that its owner has pointed at this machine, to read the page from a browser in it.
   *
   * @default []
   */
  allowedHosts?: readonly string[];
}

const COOKIE = "multihome_status";

/** Who may ask: the name that is asked for, the site that asks, the token. */
export class Guard {
  readonly #hosts: ReadonlySet<string>;
  readonly #token: string | undefined;
  readonly #cookie: string;

  /** @throws MultihomeError `MH_ERR_CONFIG` */
  constructor({ token, allowedHosts = [], ...others }: GuardOptions) {
    // A token that is misspelt would leave the page open.
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new MultihomeError("MH_ERR_CONFIG", `The status page has no option \`${unknown}\`; there are token and allowedHosts, and host and port of a server of its own.`);
    if (!Array.isArray(allowedHosts)) throw new MultihomeError("MH_ERR_CONFIG", "Expected `allowedHosts` to be a list of names.");
    if (token !== undefined && (typeof token !== "string" || token === "")) throw new MultihomeError("MH_ERR_CONFIG", "Expected `token` to be text that is not empty, or to be left out.");
    this.#hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
    this.#token = token;
    // What the browser keeps is not the token itself: a cookie goes to every port of its host.
    this.#cookie = token === undefined ? "" : createHmac("sha256", token).update("multihome status page").digest("base64url");
  }

  /** The answer where the question must not be answered; `undefined` where it may. */
  refusal(question: Question): Answer | undefined {
    const host = question.header("host");
    if (host === undefined || !this.#isOurs(host)) {
      return plain(421, `This page does not answer for the name ${JSON.stringify(host ?? "")}. If it is yours, allow it: statusHandler(pool, { allowedHosts: [...] }).`);
    }
    if (isForeign(question, host)) return plain(403, "This page answers no other site.");
    if (this.#token === undefined || this.#knows(question, this.#token)) return undefined;
    return plain(401, "Open this page with ?token=... once, or send Authorization: Bearer ...", { "www-authenticate": 'Bearer realm="multihome"' });
  }

  /** A right token in the page's address goes into a cookie, and out of the address. */
  welcome(question: Question): Answer | undefined {
    const given = question.query.get("token");
    if (given === null || this.#token === undefined || !same(given, this.#token)) return undefined;
    const rest = new URLSearchParams(question.query);
    rest.delete("token");
    const query = rest.size === 0 ? "" : `?${rest.toString()}`;
    // Lax, not Strict: the page may be opened from a link in a chat. Its data is refused to other sites all the same.
    const cookie = `${COOKIE}=${this.#cookie}; Path=${question.path}; HttpOnly; SameSite=Lax${question.secure ? "; Secure" : ""}`;
    // A path of its own alone: `//evil.test` would be another site.
    return plain(303, "See the page.", { location: `${question.path.replace(/^\/+/, "/")}${query}`, "set-cookie": cookie });
  }

  #isOurs(host: string): boolean {
    const lower = host.toLowerCase();
    const name = lower.replace(/:\d*$/, "");
    if (this.#hosts.has(lower) || this.#hosts.has(name)) return true;
    // An address cannot be made to point elsewhere, and no public name ends in .localhost (RFC 6761).
    return isIP(name.replace(/^\[|\]$/g, "")) !== 0 || name === "localhost" || name.endsWith(".localhost");
  }

  #knows(question: Question, token: string): boolean {
    const bearer = /^Bearer +(\S+) *$/i.exec(question.header("authorization") ?? "")?.[1];
    if (bearer !== undefined && same(bearer, token)) return true;
    for (const pair of (question.header("cookie") ?? "").split(";")) {
      const [name, value = ""] = pair.trim().split("=");
      if (name === COOKIE && same(value, this.#cookie)) return true;
    }
    return false;
  }
}

/** Asked by a page of another site: browsers say so. Following a link to the page itself is fine. */
function isForeign(question: Question, host: string): boolean {
  const site = question.header("sec-fetch-site");
  const opensPage = question.header("sec-fetch-mode") === "navigate" && question.header("sec-fetch-dest") === "document" && question.method === "GET" && !question.query.has("data");
  if ((site === "cross-site" || site === "same-site") && !opensPage) return true;
  const origin = question.header("origin");
  if (origin === undefined) return false;
  try {
    return new URL(origin).host !== host.toLowerCase();
  } catch {
    // "null", of a sandbox.
    return true;
  }
}

/** Takes as long for a wrong one as for the right one, whatever its length. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
