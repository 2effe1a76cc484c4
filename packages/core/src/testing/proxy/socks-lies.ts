/** What a lying proxy does once it has said its piece. */
export type AfterLie = "end" | "silence" | "reset" | "flood" | "tunnel";

export interface Lie {
  /** Instead of which of its answers. */
  readonly stage: "greeting" | "login" | "reply";
  readonly bytes: readonly number[] | string;
  readonly then: AfterLie;
}

const OK_IPV4 = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/** Answers that no honest SOCKS5 server (RFC 1928, RFC 1929) gives, and two that are rare but right. */
export const SOCKS_LIES = {
  // Instead of choosing a method.
  "ends-at-greeting": { stage: "greeting", bytes: [], then: "end" },
  "resets-at-greeting": { stage: "greeting", bytes: [], then: "reset" },
  "http-answer": { stage: "greeting", bytes: "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", then: "end" },
  "socks4-answer": { stage: "greeting", bytes: [0, 0x5a, 0, 0, 0, 0, 0, 0], then: "silence" },
  "greeting-of-version-4": { stage: "greeting", bytes: [4, 0], then: "silence" },
  "no-acceptable-method": { stage: "greeting", bytes: [5, 0xff], then: "silence" },
  "gssapi-not-offered": { stage: "greeting", bytes: [5, 1], then: "silence" },
  "private-method": { stage: "greeting", bytes: [5, 0x80], then: "silence" },
  "half-a-greeting": { stage: "greeting", bytes: [5], then: "silence" },
  "half-a-greeting-then-end": { stage: "greeting", bytes: [5], then: "end" },
  "endless-greeting": { stage: "greeting", bytes: [5, 0], then: "flood" },
  "reply-before-request": { stage: "greeting", bytes: [5, 0, ...OK_IPV4], then: "silence" },
  // Instead of answering to user and password; asks for them also where none are set.
  "login-answer-of-version-5": { stage: "login", bytes: [5, 0], then: "silence" },
  "half-a-login-answer": { stage: "login", bytes: [1], then: "silence" },
  "resets-at-login": { stage: "login", bytes: [], then: "reset" },
  // Instead of saying whether the destination was reached.
  "reply-of-version-0": { stage: "reply", bytes: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0], then: "silence" },
  "unknown-reply-code": { stage: "reply", bytes: [5, 0x5a, 0, 1, 0, 0, 0, 0, 0, 0], then: "silence" },
  "reserved-byte-set": { stage: "reply", bytes: [5, 0, 0xff, 1, 0, 0, 0, 0, 0, 0], then: "silence" },
  "unknown-address-type": { stage: "reply", bytes: [5, 0, 0, 9, 0, 0, 0, 0, 0, 0], then: "silence" },
  "half-a-reply": { stage: "reply", bytes: [5, 0, 0, 1, 0], then: "silence" },
  "half-a-reply-then-end": { stage: "reply", bytes: [5, 0, 0, 1, 0], then: "end" },
  "name-longer-than-reply": { stage: "reply", bytes: [5, 0, 0, 3, 255, 97, 97, 97], then: "silence" },
  "failure-without-address": { stage: "reply", bytes: [5, 1], then: "silence" },
  "endless-reply": { stage: "reply", bytes: [5, 1, 0, 3, 255], then: "flood" },
  "ok-then-end": { stage: "reply", bytes: OK_IPV4, then: "end" },
  "ok-then-reset": { stage: "reply", bytes: OK_IPV4, then: "reset" },
  "ok-then-flood": { stage: "reply", bytes: OK_IPV4, then: "flood" },
  "ok-then-garbage": { stage: "reply", bytes: [...OK_IPV4, 0x16, 3, 103, 97, 114, 98, 97, 103, 101, 13, 10, 13, 10], then: "silence" },
  "ok-twice": { stage: "reply", bytes: [...OK_IPV4, ...OK_IPV4], then: "tunnel" },
  "forged-answer": {
    stage: "reply",
    bytes: `${String.fromCharCode(...OK_IPV4)}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`,
    then: "silence",
  },
  // No lies: a bound address of another type than usual, and an honest tunnel behind it.
  "bound-to-ipv6": { stage: "reply", bytes: [5, 0, 0, 4, ...new Array<number>(18).fill(0)], then: "tunnel" },
  "bound-to-name": { stage: "reply", bytes: [5, 0, 0, 3, 3, 97, 98, 99, 0, 80], then: "tunnel" },
} as const satisfies Record<string, Lie>;

export type SocksLie = keyof typeof SOCKS_LIES;
