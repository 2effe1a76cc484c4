import type { Exit } from "../../model/exit.ts";

/** What every lease that is handed out has in common: it can be given to `using`, and shows no more than this where it is printed. */
export abstract class ShownLease {
  abstract readonly exit: Exit;
  abstract readonly target: string;
  abstract readonly weight: number;
  abstract readonly mode: "ephemeral" | "shared";

  abstract release(): void;

  [Symbol.dispose](): void {
    this.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.release();
    return Promise.resolve();
  }

  toJSON(): object {
    return { exit: this.exit.id, target: this.target, weight: this.weight, mode: this.mode };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): object {
    return this.toJSON();
  }
}
