import { Moments } from "../time/moments.ts";
import { TimeHeap } from "../time/time-heap.ts";

/** Where an exit stands at a target. It is in one place only, and each has its own way back. Here it is no exit. */
export const NOWHERE = 0;
export const READY = 1;
/** Sent a moment ago: back when its spacing has passed. Spacings of one kind are equal, so the list is in order of time. */
export const SPACED = 2;
/** Back at a moment of its own: a pause, a window. */
export const WAITING = 3;
/** Has room, but too little for the last request that asked; lighter ones still look here. */
export const SHORT = 4;
/** As many attempts in flight as it may have: back when one ends. */
export const BUSY = 5;
export type Place = typeof NOWHERE | typeof READY | typeof SPACED | typeof WAITING | typeof SHORT | typeof BUSY;

/** The places of all exits at one target, and the clockwork that brings those back whose time has come. */
export class Places {
  private place = new Uint8Array(0);
  readonly #readyAt = new Moments();
  private readonly waiting = new TimeHeap();
  private spaced: number[] = [];
  private spacedHead = 0;

  of(exit: number): Place {
    return this.place[exit] as Place;
  }

  set(exit: number, place: typeof NOWHERE | typeof READY | typeof SHORT | typeof BUSY): void {
    if (exit >= this.place.length) this.widen(exit);
    this.place[exit] = place;
  }

  /** When it comes back, of one that is spaced or waits. */
  readyAt(exit: number): number {
    return this.#readyAt.get(exit);
  }

  space(exit: number, until: number): void {
    this.place[exit] = SPACED;
    this.#readyAt.set(exit, until);
    this.spaced.push(exit);
  }

  /** @param until `Infinity`: nothing but an event brings it back */
  wait(exit: number, until: number): void {
    this.place[exit] = WAITING;
    const at = this.#readyAt.set(exit, until);
    if (at !== Infinity) this.waiting.push(at, exit);
  }

  /** Nobody waits for a moment to come. */
  get idle(): boolean {
    return this.spacedHead >= this.spaced.length && this.waiting.nextAt === Infinity;
  }

  /** When the next one comes back; `Infinity` where none will by itself. */
  get nextAt(): number {
    const spaced = this.spacedHead < this.spaced.length ? this.#readyAt.get(this.spaced[this.spacedHead]) : Infinity;
    return Math.min(this.waiting.nextAt, spaced);
  }

  /** One whose time has come, or -1; the caller gives it its new place before asking again. */
  next(now: number): number {
    while (this.spacedHead < this.spaced.length) {
      const exit = this.spaced[this.spacedHead];
      const spaced = this.place[exit] === SPACED;
      if (spaced && this.#readyAt.get(exit) > now) break;
      this.spacedHead++;
      if (spaced) return exit;
    }
    if (this.spacedHead > 64 && this.spacedHead * 2 > this.spaced.length) {
      this.spaced = this.spaced.slice(this.spacedHead);
      this.spacedHead = 0;
    }
    while (this.waiting.nextAt <= now) {
      const exit = this.waiting.pop();
      if (this.place[exit] === WAITING && this.#readyAt.get(exit) <= now) return exit;
    }
    return -1;
  }

  private widen(exit: number): void {
    const length = Math.max(8, exit + 1 + (exit >>> 4));
    const place = new Uint8Array(length);
    place.set(this.place);
    this.place = place;
    this.#readyAt.widen(length);
  }
}

/** Whoever has been refused asks again a millisecond later at the earliest: no rounding may make anybody ask for ever at one moment. */
export function later(now: number, at: number): number {
  return at > now + 1 ? at : now + 1;
}
