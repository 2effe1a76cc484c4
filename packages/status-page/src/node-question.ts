import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Desk } from "./desk.ts";
import type { Viewer } from "./feed.ts";
import { BodyTooLarge, type Answer, type Question } from "./question.ts";

/** What a stream may hold that its reader does not take: minutes of frames. Whoever is that far behind is let go. */
export const MOST_BUFFERED = 512 * 1024;

/** Frameworks leave these on a request: where they were mounted, and what they have already read. */
type Framed = IncomingMessage & { originalUrl?: string; body?: unknown };

export async function answerNode(desk: Desk, request: IncomingMessage, response: ServerResponse, read?: unknown): Promise<void> {
  let answer: Answer;
  try {
    answer = await desk.answer(questionOf(request, read));
  } catch {
    // Whatever it was, it is not the caller's to read.
    answer = { status: 500, headers: { "content-type": "text/plain; charset=utf-8" }, body: "Something went wrong.\n" };
  }
  if (response.destroyed) return;
  const { status, headers, body, stream } = answer;
  response.writeHead(status, stream === true || body === undefined ? headers : { ...headers, "content-length": String(Buffer.byteLength(body)) });
  if (stream === true && request.method !== "HEAD") streamTo(desk, response);
  else response.end(request.method === "HEAD" ? undefined : body);
}

function streamTo(desk: Desk, response: ServerResponse): void {
  response.write("retry: 1000\n\n");
  const viewer: Viewer = {
    send(event, json) {
      if (response.destroyed) return;
      response.write(`event: ${event}\ndata: ${json}\n\n`);
      if (response.writableLength > MOST_BUFFERED) response.destroy();
    },
    end: () => response.end(),
  };
  const leave = desk.feed.watch(viewer);
  response.once("close", leave);
  if (response.destroyed) leave();
}

function questionOf(request: Framed, read: unknown): Question {
  const url = urlOf(request.originalUrl ?? request.url ?? "/");
  const body = read ?? request.body;
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    secure: (request.socket as TLSSocket).encrypted === true,
    header: (name) => {
      const value = request.headers[name] ?? (name === "host" ? request.headers[":authority"] : undefined);
      return Array.isArray(value) ? value.join(", ") : value;
    },
    body: async (limit) => (body === undefined ? readBody(request, limit) : typeof body === "string" ? body : JSON.stringify(body)),
  };
}

/** Whatever a client has written there; a path of two slashes is no host. */
function urlOf(given: string): URL {
  const text = given.replace(/^[/\\]+/, "/");
  return URL.canParse(text, "http://page.invalid") ? new URL(text, "http://page.invalid") : new URL("http://page.invalid/");
}

async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
