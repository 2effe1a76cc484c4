import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { answerSeen, answerText, numberOf } from "./http-exchange.ts";
import type { Behaviour, HttpExchange } from "./http-exchange.ts";

/** Behaviours that any client has to cope with. */
export const ANSWERS: Readonly<Record<string, Behaviour>> = {
  /** `/status/503?retry-after=2`: that status; every parameter becomes a header. */
  async status(exchange) {
    const status = Number(exchange.argument) || 200;
    await answerSeen(exchange, status, Object.fromEntries(exchange.query));
  },

  /** `/sequence/503,503,200`: one after the other, the last for ever; `key` keeps two sequences apart. */
  async sequence(exchange) {
    const statuses = exchange.argument.split(",").map(Number);
    await answerSeen(exchange, statuses[Math.min(exchange.turn, statuses.length - 1)]);
  },

  /** `/delay/200`: the head after that many milliseconds. */
  async delay(exchange) {
    await exchange.body();
    exchange.after(Number(exchange.argument) || 0, () => void answerSeen(exchange));
  },

  /** `/delay-body/200`: the head at once, the body after that many milliseconds. */
  "delay-body"(exchange) {
    exchange.response.writeHead(200, { "content-type": "text/plain" }).flushHeaders();
    exchange.after(Number(exchange.argument) || 0, () => exchange.response.end("late"));
  },

  /** `/drip?bytes=10&ms=20`: a body of that many bytes, one at a time. */
  drip(exchange) {
    const bytes = numberOf(exchange, "bytes", 10);
    exchange.response.writeHead(200, { "content-type": "text/plain", "content-length": bytes });
    exchange.every(numberOf(exchange, "ms", 20), (turn) => {
      exchange.response.write("x");
      if (turn < bytes) return true;
      exchange.response.end();
      return false;
    });
  },

  /** `/redirect?to=/echo&status=307`. */
  async redirect(exchange) {
    await exchange.body();
    answerText(exchange, numberOf(exchange, "status", 302), "", { location: exchange.query.get("to") ?? "/" });
  },

  /** `/redirect-loop`: to itself, for ever. */
  async "redirect-loop"(exchange) {
    await exchange.body();
    answerText(exchange, 302, "", { location: "/redirect-loop" });
  },

  /** `/big?bytes=1000000`: that many bytes, as fast as they are read; with `chunked=1` without telling how many. */
  big(exchange) {
    const bytes = numberOf(exchange, "bytes", 1_048_576);
    exchange.response.writeHead(200, { "content-type": "application/octet-stream", ...(exchange.query.has("chunked") ? {} : { "content-length": bytes }) });
    pour(exchange, bytes);
  },

  gzip: (exchange) => compressed(exchange, "gzip", gzipSync),
  deflate: (exchange) => compressed(exchange, "deflate", deflateSync),
  br: (exchange) => compressed(exchange, "br", brotliCompressSync),

  /** `/echo`: the body, once it is there, under its own type. */
  async echo(exchange) {
    const body = await exchange.body();
    answerText(exchange, 200, body, { "content-type": exchange.request.headers["content-type"] ?? "application/octet-stream" });
  },

  /** `/echo-stream`: the body as it comes. */
  "echo-stream"({ request, response }) {
    response.writeHead(200, { "content-type": "application/octet-stream" }).flushHeaders();
    request.pipe(response);
  },

  /** `/empty`: 204. */
  async empty(exchange) {
    await exchange.body();
    exchange.response.writeHead(204).end();
  },

  /** `/early-hints?count=2`: so many 103, then the answer. */
  async "early-hints"(exchange) {
    for (let count = numberOf(exchange, "count", 1); count > 0; count -= 1) exchange.response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    await answerSeen(exchange);
  },

  /** `/processing?count=1`: so many 102, then the answer. */
  async processing(exchange) {
    for (let count = numberOf(exchange, "count", 1); count > 0; count -= 1) exchange.response.writeProcessing();
    await answerSeen(exchange);
  },

  /** `/sse?events=3&ms=10`: that many server-sent events; `events=-1` for ever. */
  sse(exchange) {
    const events = numberOf(exchange, "events", 3);
    exchange.response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" }).flushHeaders();
    exchange.every(numberOf(exchange, "ms", 10), (turn) => {
      exchange.response.write(`id: ${turn}\ndata: event ${turn}\n\n`);
      if (turn !== events) return true;
      exchange.response.end();
      return false;
    });
  },

  /** `/cookie`: sets two; the answer shows what came. */
  cookie: (exchange) => answerSeen(exchange, 200, { "set-cookie": ["session=abc; Path=/; HttpOnly", "theme=dark; Path=/"] }),

  /** `/close`: this answer is the connection's last. */
  close: (exchange) => answerSeen(exchange, 200, { connection: "close" }),

  /** `/trailers`: a chunked body with a trailer. */
  async trailers(exchange) {
    await exchange.body();
    exchange.response.writeHead(200, { "content-type": "text/plain", trailer: "x-sum" });
    exchange.response.write("body");
    exchange.response.addTrailers({ "x-sum": "42" });
    exchange.response.end();
  },

  /** `/early-answer`: 413 before the body has been read; the connection closes. */
  "early-answer"(exchange) {
    answerText(exchange, 413, "too large", { connection: "close" });
  },

  /** `/slow-upload?ms=50`: reads a piece of the body that often, then answers with its length. */
  "slow-upload"(exchange) {
    const { request, response, after } = exchange;
    const ms = numberOf(exchange, "ms", 50);
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      request.pause();
      after(ms, () => request.resume());
    });
    request.once("end", () => response.writeHead(200, { "content-type": "text/plain" }).end(String(bytes)));
    request.resume();
  },
};

async function compressed(exchange: HttpExchange, encoding: string, compress: (text: string) => Buffer): Promise<void> {
  await exchange.body();
  answerText(exchange, 200, compress(JSON.stringify({ compressed: encoding })), { "content-type": "application/json", "content-encoding": encoding });
}

function pour({ response }: HttpExchange, bytes: number): void {
  const block = Buffer.alloc(65_536, "x");
  let left = bytes;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      const size = Math.min(left, block.length);
      left -= size;
      if (!response.write(size === block.length ? block : block.subarray(0, size))) return void response.once("drain", more);
    }
    response.end();
  };
  more();
}
