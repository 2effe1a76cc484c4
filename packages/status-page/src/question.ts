/** A request as the page's server sees it, whichever framework brought it. */
export interface Question {
  readonly method: string;
  /** As the browser has it in its address bar. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The request came by TLS, as far as this process can see. */
  readonly secure: boolean;
  header(name: string): string | undefined;
  /** The whole body as text. @throws BodyTooLarge beyond `limit` bytes */
  body(limit: number): Promise<string>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  /** Goes on: whoever asked looks at the feed from now on. */
  readonly stream?: true;
}

export class BodyTooLarge extends Error {
  override get name(): string {
    return "BodyTooLarge";
  }
}

/** For everything that is answered: nobody guesses its type, frames it, keeps it, or is told where it was linked from. */
const ALWAYS: Readonly<Record<string, string>> = {
  "cache-control": "no-store, no-transform",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

export function answer(status: number, type: string, body: string | Uint8Array | undefined, more: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { ...ALWAYS, "content-type": type, ...more }, body };
}

export function json(body: unknown, status = 200): Answer {
  return answer(status, "application/json; charset=utf-8", typeof body === "string" ? body : JSON.stringify(body));
}

export function plain(status: number, text: string, more?: Readonly<Record<string, string>>): Answer {
  return answer(status, "text/plain; charset=utf-8", `${text}\n`, more);
}
