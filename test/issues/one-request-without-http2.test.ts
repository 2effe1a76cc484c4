import assert from "node:assert/strict";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { createTestCertificate } from "@multihome/core/testing";
import { createExitDispatcher } from "@multihome/undici-dispatcher";

const [major, minor] = process.versions.node.split(".").map(Number);
const loads = major > 22 || (major === 22 && minor >= 19);

// Rule: a request's own `allowH2: false` (undici 8; its fetch opens WebSockets by it) holds beside a dispatcher that offers HTTP/2. The
// connector once looked at the dispatcher's option alone, and a WebSocket to a server with HTTP/2 never opened.
test("a request that must not be spoken in HTTP/2 is not, on a connection of its own", { skip: loads ? false : "undici 8 asks for Node 22.19" }, async (t) => {
  const undici = (await import("undici8")) as unknown as typeof import("undici");
  const certificate = createTestCertificate();
  const seen: string[] = [];
  const server = http2.createSecureServer({ ...certificate, allowHTTP1: true }, (request, response) => {
    seen.push(`${request.url} ${request.httpVersion} ${request.socket.remoteAddress}`);
    response.end("ok");
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const pool = createExitPool({ exits: { local: ["127.0.0.2"], agentOptions: () => ({ ca: certificate.ca }) } });
  t.after(async () => {
    await pool.close();
    for (const session of sessions) session.destroy();
    server.close();
  });
  const dispatcher = createExitDispatcher(undici, pool, { allowH2: true });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  for (const [path, options] of [["/any", {}], ["/one", { allowH2: false }], ["/any", {}]] as const) {
    const { body } = await undici.request(url + path, { dispatcher, ...options });
    assert.equal(await body.text(), "ok");
  }

  assert.deepEqual(seen, ["/any 2.0 127.0.0.2", "/one 1.1 127.0.0.2", "/any 2.0 127.0.0.2"]);
});
