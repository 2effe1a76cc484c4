import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openSocket } from "../../src/connect/index.ts";
import { CA_CERTIFICATE, RIGHT, WRONG_NAME } from "./certs.ts";
import { proxyExit, runHttp, runTlsScript, runTunnel, until } from "./support.ts";

const CLIENT = fileURLToPath(new URL("./https-proxy-client.js", import.meta.url));

/** TLS to a proxy is verified by Node's own authorities; a program of its own is told of ours by `NODE_EXTRA_CA_CERTS`. */
async function asTrusting(t: TestContext, ...args: (string | number)[]): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), "multihome-connect-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "ca.pem");
  await writeFile(file, CA_CERTIFICATE);
  const { stdout } = await promisify(execFile)(process.execPath, [CLIENT, ...args.map(String)], { env: { ...process.env, NODE_EXTRA_CA_CERTS: file } });
  return JSON.parse(stdout);
}

describe("an HTTPS proxy", () => {
  test("carries plain HTTP and, TLS in TLS, HTTPS; it sees credentials inside TLS alone", async (t) => {
    const proxy = await runTunnel(t, { certificate: RIGHT, username: "u", password: "p", leaveBy: "127.0.0.41" });
    const plain = await runHttp(t);
    const secure = await runHttp(t, undefined, RIGHT);

    assert.equal((await asTrusting(t, "127.0.0.1", proxy.port, plain.port, "http")).ip, "127.0.0.41");
    assert.equal((await asTrusting(t, "localhost", proxy.port, secure.port, "https")).ip, "127.0.0.41");
  });

  test("is refused when its certificate is of another name, before it has heard of the target", async (t) => {
    const proxy = await runTunnel(t, { certificate: WRONG_NAME });

    const { code, phase } = await asTrusting(t, "127.0.0.1", proxy.port, 80, "http");

    assert.deepEqual({ code, phase, asked: proxy.asked }, { code: "ERR_TLS_CERT_ALTNAME_INVALID", phase: "handshake", asked: [] });
  });

  test("is refused when nobody known vouches for it", async (t) => {
    const proxy = await runTunnel(t, { certificate: RIGHT });

    await assert.rejects(openSocket(proxyExit("https", proxy.port), { host: "127.0.0.1", port: 80 }), { phase: "handshake", code: /UNABLE_TO|SELF_SIGNED/ });

    assert.deepEqual(proxy.asked, []);
    await until(() => proxy.open.size === 0, "the connection closes");
  });

  test("that breaks off inside TLS is an error, not a crash", async (t) => {
    const proxy = await runTlsScript(t, RIGHT, (socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.once("data", () => socket.destroy());
      });
    });

    const { code, phase } = await asTrusting(t, "127.0.0.1", proxy.port, 443, "https");

    assert.deepEqual({ code, phase }, { code: "ECONNRESET", phase: "tls" });
  });
});
