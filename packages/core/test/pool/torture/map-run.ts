import { requestOf } from "./options.ts";
import type { Play } from "./play.ts";
import { coded } from "./server.ts";
import { run, Task } from "./task.ts";
import type { Step } from "./world.ts";

/** Between two items of a slow source. */
const SLOW_MS = 300;

/** One `pool.map` of the program, each of its items a request. */
export class MapRun {
  readonly #play: Play;
  readonly #step: Extract<Step, { do: "map" }>;
  /** Items that the source has given, and how often it was let go of or came to its end. */
  #given = 0;
  #closed = 0;
  #started = 0;
  #fetched = 0;
  #over: string | undefined;

  constructor(play: Play, step: Extract<Step, { do: "map" }>) {
    this.#play = play;
    this.#step = step;
    void this.#read();
  }

  /** @returns what is wrong in the end */
  left(): string | undefined {
    if (this.#over === undefined) return `a map has not ended: ${this.#started} started, ${this.#fetched} fetched of ${this.#step.items}`;
    if (this.#given > 0 && this.#closed !== 1) return `the source of a map that ${this.#over} was closed ${this.#closed} times`;
    if (this.#over === "ended" && (this.#fetched !== this.#step.items || this.#started !== this.#fetched)) return `a map of ${this.#step.items} has ended with ${this.#fetched}`;
    return undefined;
  }

  async #read(): Promise<void> {
    const { abortAfterMs, concurrency, leaveAfter, ordered } = this.#step;
    const { clock, pool, server } = this.#play;
    const controller = new AbortController();
    if (abortAfterMs !== undefined) clock.setTimeout(() => controller.abort(coded("ABORTED")), abortAfterMs);
    const seen = new Set<number>();
    let last = -1;
    try {
      for await (const { item } of pool.map(this.#step.source === "list" ? this.#list() : this.#slowly(), (one, signal) => this.#work(one, signal), { concurrency, ordered, signal: controller.signal })) {
        clock.progress();
        this.#fetched++;
        if (seen.has(item)) server.say(`item ${item} of a map came twice`);
        seen.add(item);
        if (ordered && item !== last + 1) server.say(`item ${item} of an ordered map came after ${last}`);
        last = item;
        if (this.#fetched === leaveAfter) break;
      }
      this.#over = this.#fetched === leaveAfter ? "was left" : "ended";
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "ABORTED" && code !== "SOURCE") server.say(`a map has ended with ${String(error)}`);
      this.#over = `failed with ${code}`;
    }
  }

  #work(item: number, signal: AbortSignal): Promise<string> {
    const { clock, pool, server, tasks, world } = this.#play;
    clock.progress();
    this.#started++;
    // One more has just been handed over.
    if (this.#started - this.#fetched > this.#step.concurrency + 1) server.say(`${this.#started - this.#fetched} items of a map at a time, ${this.#step.concurrency} are allowed`);
    if (item % 5 === 4) throw coded("AT_START");
    const task = new Task(server, requestOf(this.#step.asks), false, world.timeoutMs === false ? Infinity : world.timeoutMs);
    tasks.push(task);
    const done = new Promise<string>((resolve, reject) => (task.onSettled = (how) => (how === "answered" ? resolve(how) : reject(coded(how)))));
    run(task, pool, {}, item % 2 === 0 ? "run" : "submit", true);
    signal.addEventListener("abort", () => task.stop(coded("ABORTED")));
    return done;
  }

  *#list(): Generator<number, void> {
    try {
      for (let i = 0; i < this.#step.items; i++) yield this.#give(i);
    } finally {
      this.#closed++;
    }
  }

  async *#slowly(): AsyncGenerator<number, void> {
    const { clock } = this.#play;
    try {
      for (let i = 0; i < this.#step.items; i++) {
        await new Promise((resolve) => clock.setTimeout(() => resolve(undefined), SLOW_MS));
        clock.progress();
        if (this.#step.source === "failing" && i === 3) throw coded("SOURCE");
        yield this.#give(i);
      }
    } finally {
      this.#closed++;
    }
  }

  #give(item: number): number {
    this.#given++;
    return item;
  }
}
