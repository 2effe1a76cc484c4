import type { Crew, CrewSize } from "./crew.ts";
import type { Rests } from "./rests.ts";

/** How a run's rounds follow one another while all is well, and while exits back off. */
export class Pace {
  readonly #rests: Rests;
  readonly #crewSize: CrewSize;
  /** What is asked for between two rounds of one slot. */
  readonly delayMs: number;

  constructor(rests: Rests, crewSize: CrewSize, delayMs: number) {
    this.#rests = rests;
    this.#crewSize = crewSize;
    this.delayMs = delayMs;
  }

  /** How many slots may work, how many times as long a round takes, and when the first exit that backs off is back. */
  at(now: number): { crew: Crew; stretch: number; nextEnd: number } {
    const crew = this.#crewSize.at(now);
    const backing = this.#rests.backingOff(now);
    return { crew, stretch: this.#crewSize.stretch(backing, crew), nextEnd: backing.nextEnd };
  }

  /**
   * Until when a pause goes on, as far as can be told now, and when to ask again: exits that come back make it shorter.
   *
   * @param roundMs what the worker took, and the delay
   */
  pause(endedAt: number, roundMs: number, now: number): { endsAt: number; askAt: number } {
    const backing = this.#rests.backingOff(now);
    if (backing.resting === 0) return { endsAt: endedAt + this.delayMs, askAt: endedAt + this.delayMs };
    const stretch = this.#crewSize.stretch(backing, this.#crewSize.at(now));
    const { nextEnd } = backing;
    const endsAt = endedAt + this.delayMs + roundMs * (stretch - 1);
    return { endsAt, askAt: stretch > 1 ? Math.min(endsAt, nextEnd) : endsAt };
  }

  /** When there may be room for more slots, where exits that back off are what is missing. */
  roomAt({ allowed, otherwise }: Crew, now: number): number {
    return allowed < otherwise ? this.#rests.backingOff(now).nextEnd : Infinity;
  }
}
