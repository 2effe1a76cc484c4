import type { Clock } from "../../time/clock.ts";
import type { GetDeps } from "./get.ts";
import { judgeList } from "./judge-list.ts";
import type { Trouble } from "./judge-list.ts";
import { ListIntake } from "./list-intake.ts";
import type { ListContent } from "./list-intake.ts";
import type { ListedProxy } from "./listed-proxy.ts";
import { readFileList } from "./read-file.ts";
import { readOwn } from "./read-own.ts";
import { readUrl } from "./read-url.ts";
import { reasonOf } from "./redact-source.ts";
import { SourceTally } from "./source-tally.ts";
import type { SourceSpec } from "./source-spec.ts";
import type { UserIds } from "../user-ids.ts";

/** For one list, from the first look-up to its last line. */
const DEADLINE_MS = 60_000;

export interface SourceDeps {
  readonly clock: Clock;
  readonly ids: UserIds;
  /** What the user should know. Never holds a password. */
  readonly warn: (message: string, fields: object) => void;
  readonly info: (message: string, fields: object) => void;
  readonly get?: GetDeps;
}

/** What a source last answered that was believed. */
export interface SourceSnapshot {
  readonly name: string;
  readonly proxies: readonly ListedProxy[];
  /** Lines that were meant to name a proxy. */
  readonly lines: number;
  readonly refused: number;
  /** One of the refused lines, safe to print, with its number and the reason. */
  readonly sample?: string;
  /** When it was read, in epoch milliseconds. */
  readonly at: number;
}

/** How a source does. */
export interface SourceStatus {
  readonly name: string;
  /** Was its last answer a list, and read to its end? */
  readonly ok: boolean;
  /** Proxies that are used of it, duplicates of other sources included. */
  readonly proxies: number;
  /** Lines that named none, in the answer that these proxies are from. */
  readonly refused: number;
  /** When the last read ended, well or not, in epoch milliseconds. */
  readonly lastReadAt?: number;
  /** What is wrong with the last answer. */
  readonly error?: string;
}

/** One source, and the last list of it that was believed. */
export class Source {
  readonly name: string;
  readonly tally = new SourceTally();
  readonly #spec: SourceSpec;
  readonly #deps: SourceDeps;
  #snapshot: SourceSnapshot | undefined;
  /** The proxies of the snapshot by id. */
  #byId: ReadonlyMap<string, ListedProxy> | undefined;
  #trouble: Trouble | undefined;
  /** The last list was refused for being too small. What is no list says nothing for or against that. */
  #wasShrunk = false;
  #lastReadAt: number | undefined;
  #reading: AbortController | undefined;
  #stopped = false;
  /** Each is said once. */
  #toldRefused = false;
  #toldRepeated = false;

  constructor(spec: SourceSpec, name: string, deps: SourceDeps) {
    this.name = name;
    this.#spec = spec;
    this.#deps = deps;
  }

  get snapshot(): SourceSnapshot | undefined {
    return this.#snapshot;
  }

  get proxies(): readonly ListedProxy[] {
    return this.#snapshot?.proxies ?? [];
  }

  get status(): SourceStatus {
    return {
      name: this.name,
      ok: this.#lastReadAt !== undefined && (this.#trouble === undefined || this.#trouble.kind === "cut"),
      proxies: this.proxies.length,
      refused: this.#snapshot?.refused ?? 0,
      ...(this.#lastReadAt === undefined ? {} : { lastReadAt: this.#lastReadAt }),
      ...(this.#trouble === undefined ? {} : { error: this.#trouble.text }),
    };
  }

  /** Reads it, and never rejects. `hold`: somebody waits, and the process has to live until the deadline. */
  async read(hold: boolean): Promise<void> {
    if (this.#stopped) return;
    const intake = new ListIntake(this.#deps.ids, this.#byId);
    const failure = await this.#readUntilDeadline(intake, hold);
    if (!this.#stopped) this.#judge(intake, intake.close(), failure);
  }

  /** Gives up what is being read. */
  stop(): void {
    this.#stopped = true;
    this.#reading?.abort(new Error("the sources are stopped"));
  }

  /** Resolves with the reason why the list was not read to its end. */
  async #readUntilDeadline(intake: ListIntake, hold: boolean): Promise<string | undefined> {
    const { clock } = this.#deps;
    const reading = new AbortController();
    const { signal } = reading;
    this.#reading = reading;
    const timer = clock.setTimeout(() => reading.abort(new Error(`no end within ${DEADLINE_MS / 1_000} s`)), DEADLINE_MS);
    if (!hold) (timer as { unref?(): void } | undefined)?.unref?.();
    // Raced, because a file on a dead network disk and a source of the user's own do not listen to the signal.
    const givenUp = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
    const read = this.#readInto(intake, signal);
    read.catch(() => {});
    try {
      await Promise.race([read, givenUp]);
      return undefined;
    } catch (error) {
      return reasonOf(signal.aborted ? signal.reason : error);
    } finally {
      clock.clearTimeout(timer);
      this.#reading = undefined;
    }
  }

  async #readInto(intake: ListIntake, signal: AbortSignal): Promise<void> {
    const spec = this.#spec;
    switch (spec.kind) {
      case "url":
        return readUrl(spec.url, intake, signal, this.#deps.get);
      case "file":
        return readFileList(spec.path, intake, signal);
      case "own":
        return readOwn(spec.source, intake, signal);
      default:
        throw new Error(`Unknown source ${String(spec satisfies never)}.`);
    }
  }

  #judge(intake: ListIntake, read: ListContent, failure: string | undefined): void {
    const at = this.#deps.clock.wallTime();
    const { take, trouble } = judgeList(read, this.proxies.length, failure, this.#wasShrunk);
    this.#lastReadAt = at;
    this.#wasShrunk = !take && (this.#wasShrunk || trouble?.kind === "shrunk");
    this.tally.read(trouble);
    if (take) {
      this.tally.believed(read, intake.known, at);
      this.#byId = intake.byId;
      this.#take(read, at);
    }
    this.#report(trouble, take);
  }

  #take(read: ListContent, at: number): void {
    const { proxies, lines, refused, sample, repeated } = read;
    this.#snapshot = { name: this.name, proxies, lines, refused, ...(sample === undefined ? {} : { sample }), at };
    if (refused > 0 && !this.#toldRefused) {
      this.#toldRefused = true;
      this.#deps.warn(`${refused} of ${lines} lines of the proxy list ${this.name} name no proxy, such as ${sample}.`, { source: this.name, refused, lines });
    }
    if (repeated > 0 && !this.#toldRepeated) {
      this.#toldRepeated = true;
      this.#deps.warn(`${repeated} lines of the proxy list ${this.name} give another password to a proxy that it names before; the last one is used.`, { source: this.name, repeated });
    }
  }

  #report(trouble: Trouble | undefined, taken: boolean): void {
    const before = this.#trouble;
    this.#trouble = trouble;
    if (trouble?.kind === before?.kind) return;
    const proxies = this.proxies.length;
    const fields = { source: this.name, proxies };
    if (trouble === undefined) return this.#deps.info(`the proxy list ${this.name} is back, with ${proxies} proxies`, fields);
    const rest = taken ? `what came of it is used: ${proxies} proxies` : proxies === 0 ? "it gives no proxies yet" : `its ${proxies} proxies of before stay`;
    return this.#deps.warn(`The proxy list ${this.name} ${trouble.text}; ${rest}.`, { ...fields, trouble: trouble.kind });
  }
}
