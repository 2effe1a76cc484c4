import { yieldToLoop } from "../time/yield-to-loop.ts";

/** So many items are begun without a look at timers and sockets: workers that end at once must not keep a program from anything else. */
const WITHOUT_A_TURN = 64;

/** Sees to it that a run gives everything else its turn. */
export class Turns {
  #begun = 0;
  #waiting = false;
  readonly #onTurn: () => void;

  constructor(onTurn: () => void) {
    this.#onTurn = onTurn;
  }

  /** May another item be begun now? If not, it is said when. */
  mayBegin(): boolean {
    if (this.#begun < WITHOUT_A_TURN) {
      this.#begun++;
      return true;
    }
    if (this.#waiting) return false;
    this.#waiting = true;
    void yieldToLoop().then(() => {
      this.#waiting = false;
      this.#begun = 0;
      this.#onTurn();
    });
    return false;
  }
}
