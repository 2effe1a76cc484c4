import type { SavedCellBelief, SavedExitBelief } from "../health/saved-beliefs.ts";
import { ByteReader, ByteWriter, unfolded } from "./bytes.ts";

// What is believed fades within the hour, so it is kept roughly: likelihoods to a hundredth, times to the second. Together
// with outcomes, 200,000 pairs have to fit into 5 MB of text: some three bytes each.

const HUNDRED = 100;
const SECOND_MS = 1_000;
/** Beliefs about hosts fade over ten minutes: their age is kept to 64 s. */
const HOST_AGE_MS = 64_000;
const WORKED = 1;
const UP = 2;
const KNOWN = 4;
const TIMED = 8;
const MISSED = 16;
const ACCEPTED = 1 << 5;
const TRIES_SHIFT = 6;
/** Likelihoods of acceptance in 32 steps of odds would be finer than what is known of them. */
export const STEPS = 31;

/** Of each exit of the file, in their order. */
export class ExitBeliefWriter {
  readonly #bytes = new ByteWriter();

  add(belief: SavedExitBelief | undefined): void {
    const bytes = this.#bytes;
    if (belief === undefined) {
      bytes.byte(0);
      return;
    }
    const { times, missed } = belief;
    bytes.byte(KNOWN | (belief.worked ? WORKED : 0) | (belief.isUp ? UP : 0) | (times > 0 ? TIMED : 0) | (missed > 0 ? MISSED : 0));
    bytes.byte(Math.round(belief.up * HUNDRED));
    bytes.number(Math.floor(belief.ageMs / SECOND_MS));
    if (times > 0) {
      bytes.byte(times);
      bytes.number(Math.round(belief.typicalMs));
    }
    if (belief.worked) {
      bytes.number(Math.round(belief.good * 10));
      bytes.number(Math.round(Math.min(1e6, belief.bad) * 10));
    }
    if (missed > 0) bytes.byte(missed);
    bytes.number(Math.ceil(belief.dueInMs / SECOND_MS));
  }

  base64(): string {
    return this.#bytes.base64();
  }
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

/**
 * Whatever the bytes are, numbers come of it; whoever stores them cuts them to what can be.
 *
 * @param visit is given one object for all of them: to be read, not to be kept
 * @returns false where the bytes are not as they were written
 */
export function readExitBeliefs(from: Uint8Array, exits: number, sinceMs: number, visit: (exit: number, belief: SavedExitBelief) => void): boolean {
  const bytes = new ByteReader(from);
  const belief: Mutable<SavedExitBelief> = { up: 0.5, ageMs: 0, typicalMs: 0.5, times: 0, good: 0.5, bad: 0.5, missed: 0, dueInMs: 0, worked: false, isUp: false };
  for (let exit = 0; exit < exits; exit++) {
    const head = bytes.byte();
    if (bytes.over) return false;
    if ((head & KNOWN) === 0) continue;
    const worked = (head & WORKED) !== 0;
    belief.worked = worked;
    belief.isUp = (head & UP) !== 0;
    belief.up = bytes.byte() / HUNDRED;
    belief.ageMs = bytes.number() * SECOND_MS + sinceMs;
    belief.times = (head & TIMED) === 0 ? 0 : bytes.byte();
    belief.typicalMs = (head & TIMED) === 0 ? 0 : bytes.number();
    belief.good = worked ? bytes.number() / 10 : 0;
    belief.bad = worked ? bytes.number() / 10 : 0;
    belief.missed = (head & MISSED) === 0 ? 0 : bytes.byte();
    belief.dueInMs = Math.max(0, bytes.number() * SECOND_MS - sinceMs);
    if (bytes.over) return false;
    visit(exit, belief);
  }
  return bytes.ended;
}

/** Of exits at one host, by the numbers that they have in the file; cheapest where these rise. */
export class HostBeliefWriter {
  readonly #bytes = new ByteWriter();
  #last = -1;

  add(exit: number, { acceptance, ageMs, tries, accepted }: SavedCellBelief): void {
    const bytes = this.#bytes;
    bytes.signed(exit - this.#last - 1);
    this.#last = exit;
    bytes.byte(Math.round(acceptance * STEPS) | (accepted ? ACCEPTED : 0) | (Math.min(3, tries) << TRIES_SHIFT));
    bytes.number(Math.floor(ageMs / HOST_AGE_MS));
  }

  base64(): string {
    return this.#bytes.base64();
  }
}

/** As above. @param visit is also told the acceptance in `STEPS` */
export function readHostBeliefs(from: Uint8Array, exits: number, sinceMs: number, visit: (exit: number, belief: SavedCellBelief, step: number) => void): boolean {
  const bytes = new ByteReader(from);
  const belief: Mutable<SavedCellBelief> = { acceptance: 0.5, ageMs: 0.5, tries: 0, accepted: false };
  // All but the last: there is a byte at each place that is looked at.
  const quickUntil = from.length - 3;
  for (let exit = -1; !bytes.ended; ) {
    const { at } = bytes;
    let head: number;
    if (at <= quickUntil && from[at] < 128 && from[at + 2] < 128) {
      // Three bytes, as nearly all of them are.
      exit += unfolded(from[at]) + 1;
      head = from[at + 1];
      belief.ageMs = from[at + 2] * HOST_AGE_MS + sinceMs;
      bytes.at = at + 3;
    } else {
      exit += unfolded(bytes.small()) + 1;
      head = bytes.byte();
      belief.ageMs = bytes.small() * HOST_AGE_MS + sinceMs;
    }
    if (bytes.over || exit < 0 || exit >= exits) return false;
    belief.acceptance = (head & STEPS) / STEPS;
    belief.tries = (head >>> TRIES_SHIFT) & 3;
    belief.accepted = (head & ACCEPTED) !== 0;
    visit(exit, belief, head & STEPS);
  }
  return true;
}
