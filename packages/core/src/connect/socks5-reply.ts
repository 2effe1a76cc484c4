import { ConnectError } from "./connect-error.ts";

/** Method choice and outcome of the password are two bytes each; the longest reply has a domain of 255 bytes. */
export const LONGEST_REPLY = 4 + 1 + 255 + 2;

const SUCCEEDED = 0;
const METHOD_NONE = 0;
const METHOD_PASSWORD = 2;
const METHOD_REFUSED = 0xff;

const REPLIES: Record<number, string> = {
  1: "general failure",
  2: "not allowed by its rules",
  3: "network unreachable",
  4: "host unreachable",
  5: "connection refused",
  6: "time to live expired",
  7: "command not supported",
  8: "address type not supported",
};

/**
 * Cuts what a SOCKS5 proxy sends into its messages, and lets none through that RFC 1928 and 1929 do not allow. Every byte
 * is judged as soon as it is there, so that a liar cannot make us wait for the rest; nothing beyond one message is kept.
 */
export class Socks5Reply {
  readonly #offersPassword: boolean;
  readonly #name: string;
  #step: "method" | "password" | "reply" = "method";
  #kept: Buffer | undefined;

  /** @param name of the proxy in errors */
  constructor(offersPassword: boolean, name: string) {
    this.#offersPassword = offersPassword;
    this.#name = name;
  }

  /** The next message when it is complete, and what came after it; only the last message may be followed by anything. */
  next(chunk: Buffer): { message: Buffer; rest: Buffer; last: boolean } | undefined {
    const bytes = this.#kept === undefined ? chunk : Buffer.concat([this.#kept, chunk]);
    const length = this.#lengthOf(bytes);
    if (bytes.length < length) {
      this.#kept = bytes;
      return undefined;
    }
    this.#kept = undefined;
    const message = bytes.subarray(0, length);
    const rest = bytes.subarray(length);
    const last = this.#step === "reply";
    // The proxy cannot know what we answer: more than its message here is no early data, it is another protocol.
    if (!last && rest.length > 0) throw this.#broken("spoke out of turn");
    this.#step = this.#step === "method" && message[1] === METHOD_PASSWORD ? "password" : "reply";
    return { message, rest, last };
  }

  #lengthOf(bytes: Buffer): number {
    switch (this.#step) {
      case "method":
        return this.#checkMethod(bytes);
      case "password":
        return this.#checkPassword(bytes);
      case "reply":
        return this.#checkReply(bytes);
      default:
        throw new Error(`Unknown step ${String(this.#step satisfies never)}.`);
    }
  }

  #checkMethod(bytes: Buffer): number {
    this.#checkVersion(bytes);
    if (bytes.length > 1) {
      const method = bytes[1];
      if (method === METHOD_REFUSED) throw this.#auth(this.#offersPassword ? "accepts neither a password nor none" : "does not work without credentials");
      if (method === METHOD_PASSWORD && !this.#offersPassword) throw this.#auth("wants a password, and none is known");
      if (method !== METHOD_NONE && method !== METHOD_PASSWORD) throw this.#broken(`chose method ${method}, which was not offered`);
    }
    return 2;
  }

  #checkPassword(bytes: Buffer): number {
    // Version 1 by RFC 1929; some servers repeat the 5 of SOCKS.
    if (bytes.length > 0 && bytes[0] !== 1 && bytes[0] !== 5) throw this.#broken(`answered the password with version ${bytes[0]}`);
    if (bytes.length > 1 && bytes[1] !== SUCCEEDED) throw this.#auth("refused the user name or the password");
    return 2;
  }

  #checkReply(bytes: Buffer): number {
    this.#checkVersion(bytes);
    if (bytes.length > 1 && bytes[1] !== SUCCEEDED) {
      const reply = bytes[1];
      throw new ConnectError("ERR_PROXY_REFUSED", "handshake", `${this.#name} would not connect: it answered ${REPLIES[reply] === undefined ? `with the unknown reply ${reply}` : `"${REPLIES[reply]}" (reply ${reply})`}.`, { reply });
    }
    if (bytes.length > 2 && bytes[2] !== 0) throw this.#broken("set the reserved byte");
    if (bytes.length < 4) return LONGEST_REPLY;
    switch (bytes[3]) {
      case 1:
        return 4 + 4 + 2;
      case 3:
        return bytes.length < 5 ? LONGEST_REPLY : 4 + 1 + bytes[4] + 2;
      case 4:
        return 4 + 16 + 2;
      default:
        throw this.#broken(`answered with address type ${bytes[3]}`);
    }
  }

  #checkVersion(bytes: Buffer): void {
    if (bytes.length > 0 && bytes[0] !== 5) throw this.#broken(`answered with version ${bytes[0]}`);
  }

  #broken(what: string): ConnectError {
    return new ConnectError("ERR_PROXY_PROTOCOL", "handshake", `${this.#name} ${what}; that is not SOCKS5.`);
  }

  #auth(what: string): ConnectError {
    return new ConnectError("ERR_PROXY_AUTH", "handshake", `${this.#name} ${what}.`);
  }
}
