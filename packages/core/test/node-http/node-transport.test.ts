import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { CA_CERTIFICATE, RIGHT } from "../connect/certs.ts";
import { closedPort, localExit, proxyExit, runHttp, runScript, until, whoami } from "../connect/support.ts";
import type { Exit } from "../../src/model/exit.ts";
import type { Lease } from "../../src/model/lease.ts";
import { nodeTransport } from "../../src/node-http/index.ts";
import { makeAgents } from "./support.ts";

function leaseOf(t: TestContext, exit: Exit): Lease {
  const agent = makeAgents(t, { agentOptions: () => ({ ca: CA_CERTIFICATE }) }).of(exit);
  return { exit, agent } as unknown as Lease;
}

const never = new AbortController().signal;

describe("nodeTransport", () => {
  test("resolves at the head, through the lease's exit, with headers of any case", async (t) => {
    const server = await runHttp(t, (request, response) => {
      response.setHeader("X-Used", ["1", "2"]);
      response.statusCode = 429;
      request.pipe(response);
    }, RIGHT);
    const transport = nodeTransport();

    const response = await transport.send(leaseOf(t, localExit("127.0.0.91")), never, { method: "POST", url: `https://localhost:${server.port}/`, headers: { "content-type": "text/plain" }, body: "body" });

    const info = transport.inspect(response);
    assert.equal(info.status, 429);
    assert.equal(info.header("x-uSED"), "1, 2");
    const finished = transport.finished?.(response);
    assert.equal(await text(response), "body");
    await finished;
    assert.equal(transport.finished?.(response), undefined);
  });

  test("says of a cut body that it was cut", async (t) => {
    const server = await runHttp(t, (_request, response) => {
      response.writeHead(200, { "content-length": 100 }).write("abc");
      setImmediate(() => response.socket?.destroy());
    });
    const transport = nodeTransport();
    const response = await transport.send(leaseOf(t, localExit("127.0.0.92")), never, { method: "GET", url: `http://127.0.0.1:${server.port}/` });
    response.resume();
    await assert.rejects(transport.finished?.(response) ?? Promise.resolve(), { code: "ECONNRESET" });
  });

  test("rejects with the signal's reason, whatever it is, and closes the connection", async (t) => {
    const proxy = await runScript(t, () => {});
    const controller = new AbortController();
    const transport = nodeTransport();
    const answer = transport.send(leaseOf(t, proxyExit("socks5", proxy.port)), controller.signal, { method: "GET", url: "http://target.test/" });
    await until(() => proxy.open.size === 1, "connected");

    controller.abort("a word");

    await assert.rejects(answer, (error) => error === "a word");
    await until(() => proxy.open.size === 0, "the connection closes");
  });

  test("ends a response that the caller aborts after its head", async (t) => {
    const server = await runHttp(t, (_request, response) => void response.writeHead(200).write("abc"));
    const controller = new AbortController();
    const transport = nodeTransport();
    const response = await transport.send(leaseOf(t, localExit("127.0.0.93")), controller.signal, { method: "GET", url: `http://127.0.0.1:${server.port}/` });
    const finished = transport.finished?.(response);

    controller.abort(new Error("enough"));

    await assert.rejects(finished ?? Promise.resolve());
    await until(() => server.open.size === 0, "the connection closes");
  });

  test("knows what was never sent", async (t) => {
    const transport = nodeTransport();
    const lease = leaseOf(t, localExit("127.0.0.94"));
    const refused = await transport.send(lease, never, { method: "GET", url: `http://127.0.0.1:${await closedPort()}/` }).catch((error: unknown) => error);
    const server = await runScript(t, (socket) => socket.once("data", () => socket.destroy()));
    const cut = await transport.send(lease, never, { method: "GET", url: `http://127.0.0.1:${server.port}/` }).catch((error: unknown) => error);

    assert.equal(transport.unsent?.(refused, lease), true);
    assert.equal(transport.unsent?.(cut, lease), false);
  });

  test("lets go of a response that it is told to discard", async (t) => {
    const server = await runHttp(t, (request, response) => void response.writeHead(200).write(whoami(request)));
    const transport = nodeTransport();
    const response = await transport.send(leaseOf(t, localExit("127.0.0.95")), never, { method: "GET", url: `http://127.0.0.1:${server.port}/` });
    transport.discard(response);
    await until(() => server.open.size === 0, "the connection closes");
  });
});
