import type { Desk } from "./desk.ts";
import { MOST_BUFFERED } from "./node-question.ts";
import { BodyTooLarge, type Question } from "./question.ts";

/** For whatever takes a `Request` and wants a `Response`. */
export async function answerWeb(desk: Desk, request: Request): Promise<Response> {
  const { status, headers, body, stream } = await desk.answer(questionOf(request));
  if (stream === true && request.method !== "HEAD") return new Response(streamOf(desk, request.signal), { status, headers });
  return new Response(request.method === "HEAD" ? null : (body as string | Uint8Array<ArrayBuffer> | undefined), { status, headers });
}

function streamOf(desk: Desk, signal: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let leave = (): void => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let open = true;
        const stop = (finish: () => void): void => {
          if (!open) return;
          open = false;
          leave();
          finish();
        };
        const unwatch = desk.feed.watch({
          send(event, json) {
            if (!open) return;
            controller.enqueue(encoder.encode(`event: ${event}\ndata: ${json}\n\n`));
            if ((controller.desiredSize ?? 0) <= 0) stop(() => controller.error(new Error("Nobody reads this stream.")));
          },
          end: () => stop(() => controller.close()),
        });
        const onAbort = (): void => stop(() => controller.error(signal.reason));
        leave = () => {
          unwatch();
          signal.removeEventListener("abort", onAbort);
        };
        signal.addEventListener("abort", onAbort);
        if (signal.aborted) onAbort();
      },
      cancel() {
        leave();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MOST_BUFFERED }),
  );
}

function questionOf(request: Request): Question {
  const url = new URL(request.url);
  return {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    secure: url.protocol === "https:",
    // A Request that somebody has made has no such header; its URL was made of it.
    header: (name) => request.headers.get(name) ?? (name === "host" ? url.host : undefined),
    body: (limit) => readBody(request, limit),
  };
}

async function readBody(request: Request, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
