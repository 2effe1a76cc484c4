import type { Task } from "./arena.ts";
import { HOSTS } from "../../support/world-parameters.ts";

/** Who waits, by host. */
export class Lines<T extends Task> {
  size = 0;
  readonly #lines: T[][] = Array.from({ length: HOSTS }, () => []);

  /** How many wait for the host. */
  at(host: number): number {
    return this.#lines[host].length;
  }

  head(host: number): T | undefined {
    return this.#lines[host][0];
  }

  pushTail(task: T): void {
    this.#lines[task.host].push(task);
    this.size++;
  }

  pushHead(task: T): void {
    this.#lines[task.host].unshift(task);
    this.size++;
  }

  takeHead(host: number): T {
    const task = this.#lines[host].shift();
    if (task === undefined) throw new RangeError("Nobody waits for that host.");
    this.size--;
    return task;
  }
}
