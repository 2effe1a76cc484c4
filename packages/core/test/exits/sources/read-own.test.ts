import assert from "node:assert/strict";
import test from "node:test";
import type { ListContent } from "../../../src/exits/sources/list-intake.ts";
import { readOwn } from "../../../src/exits/sources/read-own.ts";
import type { ExitSource } from "../../../src/model/options.ts";
import { proxyLines, taken } from "./support.ts";

type Read = ExitSource["read"];

const read = (answer: Read, signal = new AbortController().signal): Promise<ListContent> => taken((intake) => readOwn({ name: "own", read: answer }, intake, signal));
/** An answer of a program that is not written in TypeScript. */
const untyped = (value: unknown): Read => (() => value) as Read;

test("a source answers with a list, or with lines one by one", async () => {
  assert.equal((await read(async () => proxyLines(300))).proxies.length, 300);
  assert.equal((await read(untyped(proxyLines(300)))).proxies.length, 300);
  const each: Read = async function* () {
    yield* proxyLines(300);
  };
  assert.equal((await read(each)).proxies.length, 300);
});

test("it may name private proxies", async () => {
  const list = await read(async () => ["10.0.0.1:1080", "localhost:1"]);
  assert.deepEqual(list.proxies.map(({ publicSource }) => publicSource), [false, false]);
});

test("answers that are no list of lines are failures, and lines that are no text are refused", async () => {
  for (const answer of [undefined, null, "1.2.3.4:1080", 5, {}, new Set(["1.2.3.4:1080"])]) await assert.rejects(read(untyped(answer)), /neither a list of lines/);
  const list = await read(untyped([1, null, "1.2.3.4:1080"]));
  assert.equal(list.proxies.length, 1);
  assert.equal(list.refused, 2);
});

test("what it throws is what it fails with", async () => {
  const error = new Error("no");
  await assert.rejects(read(() => Promise.reject(error)), error);
  const throws: Read = () => {
    throw error;
  };
  await assert.rejects(read(throws), error);
  const late: Read = async function* () {
    yield "1.2.3.4:1080";
    throw error;
  };
  await assert.rejects(read(late), error);
});

test("lines without end are cut at 32 MB, and their source is told to stop", async () => {
  let stopped = false;
  const endless: Read = async function* () {
    try {
      for (;;) yield `# ${"x".repeat(100_000)}`;
    } finally {
      stopped = true;
    }
  };
  const list = await read(endless);
  assert.equal(list.cut, "longer than 32 MB");
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(stopped);
});

test("an abort tells the source to stop, although its next line never comes", async () => {
  const controller = new AbortController();
  const seen: string[] = [];
  const answer = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<IteratorResult<string>>(() => void setImmediate(() => controller.abort())),
      return: async () => {
        seen.push("left");
        throw new Error("on its way out");
      },
    }),
  };
  const signals: AbortSignal[] = [];
  void read((signal) => {
    signals.push(signal);
    return answer;
  }, controller.signal);
  await new Promise((resolve) => controller.signal.addEventListener("abort", resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen, ["left"]);
  assert.equal(signals[0], controller.signal);
});
