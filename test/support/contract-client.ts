import type { Readable } from "node:stream";
import type { ExitPool, Hints } from "@multihome/core";

/** One request, as the cases say it; each client says it in its own way. */
export interface ContractRequest {
  /** @default "GET" */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A form is made by the client's `form`: not every client takes every FormData. */
  readonly body?: string | Uint8Array | Readable | FormData;
  readonly signal?: AbortSignal;
  /** By the client's own option for it. */
  readonly timeoutMs?: number;
  /** @default what the client does by itself */
  readonly redirect?: "follow" | "manual";
  readonly hints?: Hints;
}

export interface Head {
  readonly status: number;
  /** Several values are joined by `", "`. */
  header(name: string): string | undefined;
  cookies(): readonly string[];
}

export interface Answer extends Head {
  readonly bytes: Buffer;
  readonly text: string;
}

/** An answer whose body is still under way. */
export interface OpenAnswer extends Head {
  readonly stream: Readable;
}

/** A client that leaves by a pool. Statuses never reject. */
export interface Sender {
  /** Resolves when the whole answer is there. */
  send(url: string, request?: ContractRequest): Promise<Answer>;
  /** Resolves at the head, as the client does it for its streams. */
  open(url: string, request?: ContractRequest): Promise<OpenAnswer>;
}

export interface ContractClient {
  readonly name: string;
  /** It decodes gzip, deflate and brotli by itself. */
  readonly decompresses: boolean;
  /** It hears of a stream that fails before it is read. fetch looks at a body only when it sends it. */
  readonly hearsBodies: boolean;
  /** A text that was refused can be sent again. fetch turns every body into a stream before anybody else sees it. */
  readonly replaysText: boolean;
  /** It takes its listeners from a signal when a request has ended. fetch does so when its Request is collected. */
  readonly letsGoOfSignals: boolean;
  through(pool: ExitPool): Sender;
  form(fields: Readonly<Record<string, string>>): FormData;
  /** Is it what this client rejects with on an abort of the caller's? */
  isAbort(error: unknown): boolean;
  /** Is it what this client rejects with when its own timeout has passed? */
  isTimeout(error: unknown): boolean;
  /** Is it of the type that this client's callers look for? */
  isOwn(error: unknown): boolean;
}

/** Every `code` of an error, of its causes, and of those that it sums up. */
export function codesOf(error: unknown, codes: string[] = []): string[] {
  if (typeof error !== "object" || error === null || codes.length > 20) return codes;
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === "string") codes.push(code);
  if (cause !== error) codesOf(cause, codes);
  if (Array.isArray(errors)) for (const each of errors) codesOf(each, codes);
  return codes;
}

export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Uint8Array | string>) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export function answerOf(head: Head, bytes: Buffer): Answer {
  return { status: head.status, header: (name) => head.header(name), cookies: () => head.cookies(), bytes, text: bytes.toString() };
}

/** Of headers as Node has them. */
export function headOf(status: number, headers: Readonly<Record<string, unknown>>): Head {
  return {
    status,
    header(name) {
      const value = headers[name.toLowerCase()];
      return value === undefined || value === null ? undefined : Array.isArray(value) ? value.join(", ") : String(value);
    },
    cookies() {
      const value = headers["set-cookie"];
      return value === undefined ? [] : Array.isArray(value) ? (value as string[]) : [String(value)];
    },
  };
}
