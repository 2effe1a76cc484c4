import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExitPoolOptions } from "../../src/model/options.ts";
import { Rooms } from "./support.ts";

const LIMIT = 300;
const WINDOW_MS = 60_000;
const OFFSET_MS = -3_000;
const TRIP_MS = 40;
const EXITS = ["192.0.2.1", "192.0.2.2"];
const OPTIONS: ExitPoolOptions = { targets: { exchange: { hosts: ["api.test"], limits: [{ name: "minute", unit: "weight", limit: LIMIT, per: "1m", align: "fixed" }] } } };

/** Counts by its own clock's minute and refuses what is above the limit. */
class Server {
  refused = 0;
  accepted = 0;
  readonly #used = new Map<string, number>();

  ask(exit: number, weight: number, wallTime: number): { used: number; date: string } {
    const time = wallTime + OFFSET_MS;
    const window = `${exit} ${Math.floor(time / WINDOW_MS)}`;
    const used = (this.#used.get(window) ?? 0) + weight;
    this.#used.set(window, used);
    if (used > LIMIT) this.refused++;
    else this.accepted += weight;
    return { used, date: new Date(time).toUTCString() };
  }
}

/** Sends whatever there is room for, for so long. */
async function greedy(rooms: Rooms, server: Server, ms: number): Promise<void> {
  const { clock } = rooms;
  const target = rooms.host("api.test");
  const { quota, serverClock } = target;
  assert.ok(quota !== undefined);
  const end = clock.now() + ms;
  while (clock.now() < end) {
    for (const exit of [0, 1]) {
      const demand = quota.demand({ weight: 2, orders: 0, charges: undefined }, undefined, false);
      const sentAt = clock.now();
      const volley = [];
      while (quota.shortOf(demand, exit, sentAt) < 0) volley.push(quota.take(demand, exit, sentAt));
      await clock.advance(TRIP_MS / 2);
      const answers = volley.map(() => server.ask(exit, 2, clock.wallTime()));
      await clock.advance(TRIP_MS / 2);
      volley.forEach((reserved, i) => {
        const now = clock.now();
        const { used, date } = answers[i];
        const writtenAt = serverClock.learn(date, sentAt, now);
        const header = (name: string): string | undefined => (name === "x-mbx-used-weight-1m" ? String(used) : name === "date" ? date : undefined);
        quota.answered(reserved, exit, { status: 200, header }, { method: "GET", url: "http://api.test/" }, { now, sentAt, writtenAt, answered: true });
      });
    }
    await clock.advance(100);
  }
}

test("six restarts within a few minutes, each with the state of the one before: no refusal, and the windows are used", async () => {
  const server = new Server();
  let rooms = new Rooms(EXITS, OPTIONS);
  for (let run = 0; run <= 6; run++) {
    await greedy(rooms, server, 25_000);
    rooms = await rooms.restart(EXITS, OPTIONS, { afterMs: 2_000 });
  }
  assert.equal(server.refused, 0);
  // 189 s of work and stillness, in which four windows of two exits begin and a fifth ends.
  assert.ok(server.accepted >= 3 * 2 * LIMIT, `${server.accepted}`);
});

test("the same after kills, with what was saved seconds before: at most one refusal an exit and restart", async () => {
  const server = new Server();
  let rooms = new Rooms(EXITS, OPTIONS);
  for (let run = 0; run <= 6; run++) {
    await greedy(rooms, server, 25_000);
    const text = await rooms.state.take(false);
    await greedy(rooms, server, 12_000);
    const next = new Rooms(EXITS, OPTIONS, { now: 99, wallTime: rooms.clock.wallTime() + 1_000 });
    await next.state.apply(text);
    rooms = next;
  }
  assert.ok(server.refused <= 12, `${server.refused}`);
});
