import { answerText, numberOf } from "./http-exchange.ts";
import type { Behaviour, HttpExchange } from "./http-exchange.ts";

/** Behaviours that no client should have to cope with, and every client meets. */
export const MISBEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  /** `/hang`: never a word. */
  hang: (exchange) => void exchange.request.resume(),

  /** `/hang-unread`: not a word, and the request's body is not read either. */
  "hang-unread": () => undefined,

  /** `/headers-then-hang`. */
  "headers-then-hang"({ request, response }) {
    request.resume();
    response.writeHead(200, { "content-type": "text/plain" }).flushHeaders();
  },

  /** `/body-then-hang?bytes=10`: a part of a body of known length, and nothing more. */
  "body-then-hang"(exchange) {
    const bytes = numberOf(exchange, "bytes", 10);
    exchange.request.resume();
    exchange.response.writeHead(200, { "content-type": "text/plain", "content-length": bytes + 1_000 }).write("x".repeat(bytes));
  },

  /** `/reset`: the connection is reset instead of an answer. */
  reset: (exchange) => exchange.hangUp("reset"),

  /** `/disconnect`: the connection is closed instead of an answer. */
  disconnect: (exchange) => exchange.hangUp(),

  /** `/reset-once`: reset the first time, an answer from then on; `key` keeps two apart. */
  "reset-once": (exchange) => (exchange.turn === 0 ? exchange.hangUp("reset") : answerText(exchange, 200, "ok")),

  /** `/cut?bytes=10`: closed after that many bytes of a body that was announced as 1000 longer. */
  cut: (exchange) => cut(exchange, { "content-length": String(numberOf(exchange, "bytes", 10) + 1_000) }, false),

  /** `/cut-reset?bytes=10`: the same, by a reset. */
  "cut-reset": (exchange) => cut(exchange, { "content-length": String(numberOf(exchange, "bytes", 10) + 1_000) }, true),

  /** `/cut-chunked?bytes=10`: closed between two chunks, before the last one. */
  "cut-chunked": (exchange) => cut(exchange, {}, false),

  /** `/cut-close?bytes=10`: as `/cut-chunked`, with `connection: close`: some parsers take it for the end. */
  "cut-close": (exchange) => cut(exchange, { connection: "close" }, false),

  /** `/endless`: a body without end, as fast as it is read. */
  endless({ request, response }) {
    request.resume();
    response.writeHead(200, { "content-type": "application/octet-stream" });
    // Without a body there is nothing that would ever have to be drained.
    if (request.method === "HEAD") return void response.end();
    const block = Buffer.alloc(65_536, "x");
    const more = (): void => {
      while (!response.destroyed && response.write(block));
    };
    response.on("drain", more);
    more();
  },

  /** `/endless-drip?ms=20`: a byte now and then, for ever. */
  "endless-drip"(exchange) {
    exchange.request.resume();
    exchange.response.writeHead(200, { "content-type": "text/plain" }).flushHeaders();
    exchange.every(numberOf(exchange, "ms", 20), () => {
      exchange.response.write("x");
      return true;
    });
  },

  /** `/gzip-broken`: says gzip, is none. */
  "gzip-broken": (exchange) => answerText(exchange, 200, "hello", { "content-encoding": "gzip" }),

  /** `/raw?text=…`: these bytes instead of an answer (`\r\n` as `%0D%0A`), then the end. */
  raw: ({ request, query }) => void request.socket.end(Buffer.from(query.get("text") ?? "", "latin1")),

  /** `/unasked-upgrade`: 101 to a request that asked for none. */
  "unasked-upgrade": ({ request }) => void request.socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nzzzz"),

  /** `/huge-header?bytes=100000`. */
  "huge-header": (exchange) => answerText(exchange, 200, "ok", { "x-huge": "a".repeat(numberOf(exchange, "bytes", 100_000)) }),
};

function cut(exchange: HttpExchange, headers: Record<string, string>, reset: boolean): void {
  const { request, response } = exchange;
  request.resume();
  response.writeHead(200, { "content-type": "text/plain", ...headers });
  // The connection goes only when the piece has left, so that the client certainly sees the head.
  response.write("x".repeat(numberOf(exchange, "bytes", 10)), () => exchange.after(10, () => exchange.hangUp(reset ? "reset" : "close")));
}
