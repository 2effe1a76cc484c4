import type { ExitPool } from "@multihome/core";
import { ExitDispatcher } from "@multihome/undici-dispatcher";
import type { Dispatcher } from "undici";
import { poolOf, TWO_WINDOWS } from "./pools.ts";
import type { Contestant } from "./sampler.ts";

const OPTIONS: Dispatcher.DispatchOptions = { origin: "http://api.example.com", path: "/", method: "GET", headers: {}, body: null };
const BODY = Buffer.from("ok");
const HEADERS = { "content-type": "text/plain" };

interface Handler {
  onRequestStart(controller: unknown, context: unknown): void;
  onResponseStart(controller: unknown, status: number, headers: unknown, message: string): void;
  onResponseData(controller: unknown, piece: Buffer): void;
  onResponseEnd(controller: unknown, trailers: unknown): void;
  onResponseError(controller: unknown, error: Error): void;
}

const CONTROLLER = { rawHeaders: [], rawTrailers: [], aborted: false, paused: false, reason: null, abort() {}, pause() {}, resume() {} };

/** Answers in the same turn. */
const mock = {
  dispatch(_options: unknown, handler: Handler): boolean {
    handler.onRequestStart(CONTROLLER, null);
    handler.onResponseStart(CONTROLLER, 200, HEADERS, "OK");
    handler.onResponseData(CONTROLLER, BODY);
    handler.onResponseEnd(CONTROLLER, {});
    return true;
  },
  close: () => Promise.resolve(),
  destroy: () => Promise.resolve(),
};

let ends = 0;
const reader: Handler = {
  onRequestStart() {},
  onResponseStart() {},
  onResponseData() {},
  onResponseEnd() {
    ends += 1;
  },
  onResponseError(_controller, error) {
    throw error;
  },
};

function contestant(name: string, dispatcher: { dispatch(options: never, handler: never): boolean }): Contestant {
  return {
    name,
    burst: 50_000,
    run(requests) {
      ends = 0;
      for (let i = 0; i < requests; i++) dispatcher.dispatch(OPTIONS as never, reader as never);
      if (ends !== requests) throw new Error(`${name}: ${ends} of ${requests} were answered.`);
    },
  };
}

export async function dispatches(): Promise<{ contestants: Contestant[]; pools: ExitPool[] }> {
  const pools = [await poolOf(1), await poolOf(250), await poolOf(20_000), await poolOf(250, TWO_WINDOWS)];
  const [one, some, many, limited] = pools.map((pool) => new ExitDispatcher(pool, { dispatcherFor: mock as never }));
  return {
    pools,
    contestants: [
      contestant("bare: a mock dispatcher", mock),
      contestant("ExitDispatcher on it, 1 exit", one),
      contestant("ExitDispatcher on it, 250 exits", some),
      contestant("ExitDispatcher on it, 20,000 exits", many),
      contestant("ExitDispatcher on it, 250 exits, two windows", limited),
    ],
  };
}
