import { yieldToLoop } from "../time/yield-to-loop.ts";

/** Rounds in a row that took no time: at some 20 µs each, timers and sockets wait for ten milliseconds at most. */
const WITHOUT_A_TURN = 512;

/** Sees to it that workers which end at once do not keep a program from everything else. */
export class Turns {
  #instant = 0;
  #waiting = false;
  readonly #onTurn: () => void;

  constructor(onTurn: () => void) {
    this.#onTurn = onTurn;
  }

  /** A round is over. One that took a millisecond has left others their turn. */
  took(ms: number): void {
    this.#instant = ms < 1 ? this.#instant + 1 : 0;
  }

  /** May another round begin now? If not, it is said when. */
  mayBegin(): boolean {
    if (this.#instant < WITHOUT_A_TURN) return true;
    if (this.#waiting) return false;
    this.#waiting = true;
    void yieldToLoop().then(() => {
      this.#waiting = false;
      this.#instant = 0;
      this.#onTurn();
    });
    return false;
  }
}
