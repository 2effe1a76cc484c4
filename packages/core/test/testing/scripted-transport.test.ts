import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { ManualClock, noopTransport, scriptedTransport } from "../../src/testing/index.ts";
import type { ScriptedAttempt, ScriptedTransport } from "../../src/testing/index.ts";
import { leaseOf } from "./support.ts";

const GET = { method: "GET", url: "http://api.test/x" };

function send(transport: ScriptedTransport, exit = "a", signal = new AbortController().signal) {
  return transport.send(leaseOf(exit), signal, GET);
}

test("attempts follow the script, the last of it for ever", async () => {
  const transport = scriptedTransport([{ status: 503 }, { status: 200, headers: { "X-Two": ["1", "2"] }, body: "ok" }]);

  const statuses = [];
  for (const exit of ["a", "b", "b"]) statuses.push((await send(transport, exit)).status);
  const last = transport.inspect(await send(transport));

  assert.deepEqual(statuses, [503, 200, 200]);
  assert.equal(last.header("x-two"), "1, 2");
  assert.equal(last.header("none"), undefined);
  assert.equal(Buffer.from(last.body ?? []).toString(), "ok");
  assert.deepEqual(transport.sentBy(), { a: 2, b: 2 });
});

test("a function is asked for each attempt, with what is sent and through which exit", async () => {
  const transport = scriptedTransport((sent, request, lease) => ({ status: lease.exit.id === "bad" ? 500 : 200, body: `${sent.index} ${request.method}` }));
  assert.equal((await send(transport, "bad")).status, 500);
  const response = await send(transport, "good");
  assert.equal(response.status, 200);
  assert.equal(Buffer.from(response.body).toString(), "1 GET");
});

test("heads and bodies come when the clock says, and the books say when", async () => {
  const clock = new ManualClock();
  const transport = scriptedTransport([{ afterMs: 100, bodyMs: 50 }], { clock });

  const sending = send(transport);
  assert.equal(transport.live, 1);
  await clock.advance(100);
  const response = await sending;
  const finished = transport.finished?.(response);
  assert.ok(finished instanceof Promise);
  assert.equal(transport.live, 1);
  await clock.advance(50);
  await finished;

  assert.deepEqual(transport.sent, [{
    index: 0, exit: "a", target: "api", weight: 1, method: "GET", url: "http://api.test/x", at: 0,
    answeredAt: 100, endedAt: 150, aborted: false, discarded: false, finished: "whole",
  }]);
  assert.equal(transport.live, 0);
});

test("a body that is whole at the head needs no promise and no timer", async () => {
  const clock = new ManualClock();
  const transport = scriptedTransport([{}], { clock });
  const response = await send(transport);
  assert.equal(transport.finished?.(response), undefined);
  assert.equal(response.sent.finished, "whole");
  assert.equal(clock.pending, 0);
});

test("a cut body rejects after its head", async () => {
  const clock = new ManualClock();
  const transport = scriptedTransport([{ cutAfterMs: 20 }], { clock });
  const response = await send(transport);
  const finished = transport.finished?.(response);
  await clock.advance(20);
  await assert.rejects(async () => finished, { code: "ECONNRESET" });
  assert.equal(response.sent.finished, "cut");
});

test("an error is thrown as it is given, and unsent only where the script says so", async () => {
  const mine = new Error("mine");
  const steps: ScriptedAttempt[] = [{ error: mine }, { error: "ECONNREFUSED", unsent: true }];
  const transport = scriptedTransport(steps);

  await assert.rejects(send(transport), (error) => error === mine && transport.unsent?.(error, leaseOf("a")) === false);
  await assert.rejects(send(transport), (error: NodeJS.ErrnoException) => error.code === "ECONNREFUSED" && transport.unsent?.(error, leaseOf("a")) === true);
  assert.equal(transport.live, 0);
});

test("an abort ends an attempt before, while and after it waits, and leaves no timer and no listener", async () => {
  const clock = new ManualClock();
  const reason = new Error("enough");
  for (const step of [{ hang: true }, { afterMs: 100 }, { afterMs: 100, error: "EPIPE" }] satisfies ScriptedAttempt[]) {
    const transport = scriptedTransport([step], { clock });
    const controller = new AbortController();
    const sending = send(transport, "a", controller.signal);
    await clock.advance(10);
    controller.abort(reason);
    await assert.rejects(sending, (error) => error === reason);
    assert.deepEqual([transport.sent[0].aborted, transport.sent[0].reason, transport.live, clock.pending], [true, reason, 0, 0]);
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);

    await assert.rejects(send(transport, "a", controller.signal), (error) => error === reason);
    assert.equal(transport.sent[1].aborted, true);
  }
});

test("an abort after the head cuts the body with its reason", async () => {
  const clock = new ManualClock();
  const transport = scriptedTransport([{ bodyMs: 100 }], { clock });
  const controller = new AbortController();
  const response = await send(transport, "a", controller.signal);
  controller.abort("stop");
  await assert.rejects(async () => transport.finished?.(response), (error) => error === "stop");
  assert.deepEqual([response.sent.aborted, response.sent.finished, clock.pending], [true, undefined, 0]);
});

test("a discarded response is over at once, and its timer is gone", async () => {
  const clock = new ManualClock();
  const transport = scriptedTransport([{ bodyMs: 100 }], { clock });
  const controller = new AbortController();
  const response = await send(transport, "a", controller.signal);
  transport.discard(response);
  controller.abort();
  assert.deepEqual([response.sent.discarded, response.sent.aborted, transport.live, clock.pending], [true, false, 0, 0]);
});

test("the high-water mark counts what was under way together", async () => {
  const clock = new ManualClock();
  const transport = scriptedTransport([{ afterMs: 10 }], { clock });
  const sending = [send(transport), send(transport), send(transport)];
  await clock.advance(10);
  await Promise.all(sending);
  await Promise.all([clock.advance(10), send(transport)]);
  assert.equal(transport.highWater, 3);
});

test("the no-op transport answers 200 and takes no signal", async () => {
  const transport = noopTransport();
  assert.equal(transport.send.length, 1);
  const response = await transport.send(leaseOf("a"), new AbortController().signal, GET);
  assert.equal(transport.inspect(response).status, 200);
  assert.equal(transport.inspect(response).header("x"), undefined);
});
