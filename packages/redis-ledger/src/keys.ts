/**
 * Names in the store. All keys of one target carry it as their hash tag, so that in a cluster they lie in one slot and one script
 * may touch them: counters of an exit, of an account and of the target itself are reserved together or not at all. Different
 * targets lie on different nodes.
 */
export interface CounterName {
  /** Whom it counts: `exit:203.0.113.7`, `account:…`, `target`. */
  readonly who: string;
  readonly target: string;
  /** The limit, and the counter of its own that a charge named. */
  readonly rest: string;
}

/** Takes a counter's or a pause's key apart: `who|target|limit|key`. One that is not made like that is a target of its own. */
export function parseName(key: string): CounterName {
  const first = key.indexOf("|");
  if (first < 0) return { who: "", target: key, rest: "" };
  const second = key.indexOf("|", first + 1);
  const end = second < 0 ? key.length : second;
  return { who: key.slice(0, first), target: key.slice(first + 1, end), rest: second < 0 ? "" : key.slice(second + 1) };
}

export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  epoch(target: string): string {
    return `${this.#of(target)}:epoch`;
  }

  /** Who has said what it had spent, after the store had lost its memory. */
  recalled(target: string): string {
    return `${this.#of(target)}:recalled`;
  }

  pauses(target: string, who: string): string {
    return `${this.#of(target)}:pauses:${who}`;
  }

  counter(target: string, key: string): string {
    return `${this.#of(target)}:count:${key}`;
  }

  get processes(): string {
    return `${this.#prefix}:processes`;
  }

  /** What each of them spends alone; beside the above in a cluster, by its hash tag. */
  get shares(): string {
    return this.#prefix.includes("{") ? `${this.processes}:shares` : `${this.#prefix}:shares:{${this.processes}}`;
  }

  /** An empty hash tag is none: every key would lie somewhere else. */
  #of(target: string): string {
    return `${this.#prefix}:{${target === "" ? "-" : target.replaceAll(/[{}]/g, (brace) => (brace === "{" ? "%7B" : "%7D"))}}`;
  }
}
