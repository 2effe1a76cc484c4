import { MultihomeError } from "../errors.ts";
import type { SlotBatch } from "../model/slots.ts";

type State = { readonly kind: "open" } | { readonly kind: "step"; readonly name: string } | { readonly kind: "failed"; readonly name: string; readonly cause: unknown };

/** One item in the hands of a worker: its name, its signal, its steps. */
export class Batch implements SlotBatch {
  readonly id: string;
  readonly slot: number;
  readonly cycle: number;
  #state: State = { kind: "open" };
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(id: string, slot: number, cycle: number) {
    this.id = id;
    this.slot = slot;
    this.cycle = cycle;
  }

  /** Made when it is first asked for: a controller costs more than the rest of a batch. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }

  async step<R>(name: string, run: () => R | Promise<R>, succeeded?: (result: R) => boolean): Promise<R> {
    if (this.#aborted !== undefined) throw this.#aborted.reason;
    const state = this.#state;
    switch (state.kind) {
      case "open":
        break;
      case "step":
        throw new MultihomeError("MH_ERR_STEP", `The step "${name}" of ${this.id} was not begun: "${state.name}" has not ended.`);
      case "failed":
        throw new MultihomeError("MH_ERR_STEP", `The step "${name}" of ${this.id} was not begun: "${state.name}" has failed.`, { cause: state.cause });
      default: {
        const never: never = state;
        throw new TypeError(`Unknown state ${String(never)}.`);
      }
    }
    this.#state = { kind: "step", name };
    try {
      const result = await run();
      if (succeeded?.(result) === false) throw new MultihomeError("MH_ERR_STEP", `The step "${name}" of ${this.id} did not succeed.`);
      this.#state = { kind: "open" };
      return result;
    } catch (cause) {
      this.#state = { kind: "failed", name, cause };
      throw cause;
    }
  }
}
