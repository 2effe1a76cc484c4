import type { Messages } from "@multihome/core";
import { SecondCounts } from "./second-counts.ts";
import type { RaceFrame } from "./wire.ts";

const SHOWN = 12;

/** Races while somebody looks: how many in the last minute, with how many legs, and the last of them. */
export class RaceBook {
  readonly #settled = new SecondCounts(60);
  readonly #legs = new SecondCounts(60);
  readonly #last: RaceFrame["last"][number][] = [];

  add({ at, target, legs, winner, latencyMs }: Messages["multihome:race.settled"], wall: number): void {
    this.#settled.add(at);
    this.#legs.add(at, legs);
    this.#last.push({ at: Math.round(wall), target, legs, ...(winner === undefined ? {} : { winner }), ...(latencyMs === undefined ? {} : { latencyMs: Math.round(latencyMs * 10) / 10 }) });
    if (this.#last.length >= SHOWN * 2) this.#last.splice(0, this.#last.length - SHOWN);
  }

  frame(now: number): RaceFrame {
    return { settled1m: this.#settled.sum(now), legs1m: this.#legs.sum(now), last: this.#last.slice(-SHOWN).reverse() };
  }
}
