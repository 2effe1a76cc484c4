/**
 * As much of an AbortSignal as axios's http adapter asks for, worked by hand: an AbortController costs more than the rest of
 * a request's way through the pool. axios takes what its listener is called with for the reason.
 */
export class HandSignal {
  readonly aborted = false;
  #listener: ((reason: unknown) => void) | undefined;

  addEventListener(_type: string, listener: (reason: unknown) => void): void {
    this.#listener = listener;
  }

  removeEventListener(): void {
    this.#listener = undefined;
  }

  abort(reason: Error): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.(reason);
  }
}
