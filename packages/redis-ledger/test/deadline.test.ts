import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ManualClock } from "@multihome/core/testing";
import type { Reservation } from "@multihome/core";
import { redisLedger } from "../src/index.ts";
import { counter } from "./support/counters.ts";

/** A store that says that it is there, and answers nothing else. */
function mute(clock: ManualClock): { sendCommand: (command: string[]) => Promise<unknown>; isReady: boolean; beats: boolean } {
  const store = {
    isReady: true,
    beats: true,
    sendCommand([, , keys, ...rest]: string[]): Promise<unknown> {
      // Beats have two keys, and say where they are.
      const [, id, , , what] = rest.slice(Number(keys));
      if (!store.beats || Number(keys) !== 2 || (what !== "here" && what !== "away")) return new Promise(() => undefined);
      const body = `${id} ok ${Math.floor(clock.wallTime())} 4 1`;
      return Promise.resolve(`${body} ${createHash("sha1").update(body).digest("hex").slice(0, 10)}`);
    },
  };
  return store;
}

test("a request is decided at its deadline: refused while the store may yet answer, by its part once that is away", async () => {
  const clock = new ManualClock();
  const client = mute(clock);
  const ledger = redisLedger({ client, clock, deadline: "50ms", logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const answers: (Reservation | undefined)[] = [];
  const ask = (): void => {
    const at = answers.push(undefined) - 1;
    void ledger.reserve([counter("weight", 1, { perMs: 3_600_000 })]).then((answer) => (answers[at] = answer));
  };
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    for (let i = 0; i < 5; i++) await turn();
  };
  try {
    await ledger.ready();
    client.beats = false;

    for (let i = 0; i < 12; i++) {
      const { mode } = ledger.status();
      ask();
      await pass(0);
      if (mode === "shared") {
        await pass(49);
        assert.equal(answers[i], undefined, "it may yet be answered");
        await pass(1);
        // The last of them is the one that shows that the store is away.
        assert.equal(answers[i]?.ok, ledger.status().mode === "local-share", `request ${i}`);
      }
      await pass(10);
    }

    // Ten deadlines after the first call that was not answered.
    assert.equal(ledger.status().mode, "local-share");
    const alone = answers.filter((answer) => answer?.ok === true).length;
    ask();
    await pass(0);
    assert.equal(answers.at(-1)?.ok, true, "at once");
    assert.equal(ledger.status().granted.alone, alone + 1);
  } finally {
    await ledger.close();
  }
});
