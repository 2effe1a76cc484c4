import { Alarm } from "../time/timer-queue.ts";
import type { Round } from "./round.ts";

/** Where a slot stands. Each state has what it needs, and nothing else. */
export type SlotState<T> =
  | { readonly kind: "free" }
  /** It has an item. */
  | { readonly kind: "busy"; readonly round: Round<T> }
  /** `roundMs`: what its worker took, and the pause that was asked for. */
  | { readonly kind: "pausing"; readonly endedAt: number; readonly roundMs: number };

/** One worker of the slot model: take, send, wait, repeat. */
export class Slot<T> {
  readonly number: number;
  readonly alarm: Alarm;
  state: SlotState<T> = { kind: "free" };

  constructor(number: number, ring: (slot: Slot<T>, now: number) => void) {
    this.number = number;
    this.alarm = new Alarm((now) => ring(this, now));
  }

  get round(): Round<T> | undefined {
    return this.state.kind === "busy" ? this.state.round : undefined;
  }
}
