/** Answers to CONNECT that no honest proxy gives. */
export const HTTP_PROXY_LIES = {
  "ends-without-answer": { bytes: "", then: "end" },
  "socks-answer": { bytes: "\x05\x00", then: "silence" },
  "garbage": { bytes: "\x16\x03garbage\r\n\r\n", then: "silence" },
  "html-without-head": { bytes: "<html><body>Welcome to our hotel</body></html>", then: "end" },
  "half-a-status-line": { bytes: "HTTP/1.1 2", then: "silence" },
  "half-a-head": { bytes: "HTTP/1.1 200 OK\r\nVia: 1.1 x\r\n", then: "silence" },
  "half-a-head-then-end": { bytes: "HTTP/1.1 200 OK\r\nVia: 1.1 x\r\n", then: "end" },
  "half-a-head-then-reset": { bytes: "HTTP/1.1 200 OK\r\n", then: "reset" },
  "endless-head": { bytes: "HTTP/1.1 200 OK\r\nX: ", then: "flood" },
  "status-without-meaning": { bytes: "HTTP/1.1 000 X\r\n\r\n", then: "silence" },
  "unasked-upgrade": { bytes: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", then: "silence" },
  "captive-portal": { bytes: "HTTP/1.1 302 Found\r\nLocation: http://portal.test/\r\nContent-Length: 0\r\n\r\n", then: "end" },
  "forged-answer": { bytes: "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", then: "silence" },
  "ok-then-end": { bytes: "HTTP/1.1 200 OK\r\n\r\n", then: "end" },
  "ok-then-reset": { bytes: "HTTP/1.1 200 OK\r\n\r\n", then: "reset" },
} as const satisfies Record<string, { bytes: string; then: "end" | "silence" | "reset" | "flood" }>;

export type HttpProxyLie = keyof typeof HTTP_PROXY_LIES;
