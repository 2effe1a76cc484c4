import { MultihomeError } from "../../errors.ts";
import type { ExitSource } from "../../model/options.ts";
import type { Clock } from "../../time/clock.ts";
import type { GetDeps } from "./get.ts";
import type { ListedProxy } from "./listed-proxy.ts";
import { mergeLists } from "./merge-lists.ts";
import { reasonOf } from "./redact-source.ts";
import { Source } from "./source.ts";
import type { SourceDeps, SourceStatus } from "./source.ts";
import type { SourceTally } from "./source-tally.ts";
import { readSourceSpec } from "./source-spec.ts";
import type { SourceSpec } from "./source-spec.ts";
import { UserIds } from "../user-ids.ts";

/** A timer of more than 31 bits fires at once; longer waits are walked in steps. */
const LONGEST_STEP_MS = 3_600_000;

export interface ListedProxies {
  /** Each once, in the order of the sources and their lines. */
  readonly listed: readonly ListedProxy[];
  /** How many sources they are from. */
  readonly sources: number;
}

export interface SourcesDeps {
  readonly clock: Clock;
  /** What the user should know, once per change. Never holds a password. */
  readonly warn: (message: string, fields?: object) => void;
  readonly info: (message: string, fields?: object) => void;
  /** From the start of one round of reading to that of the next. */
  readonly refreshEveryMs: number;
  /** After each round, also when nothing has changed: a refresh is what gives dead exits another chance. */
  readonly onChange: (found: ListedProxies) => void;
  /** How URLs are read. For tests. */
  readonly get?: GetDeps;
}

/**
 * The lists that proxies come from: URLs, files and sources of the user's own making, read at the start and then every
 * `refreshEveryMs`, and merged into one. A source that fails, or answers with something that is no list, keeps its old one.
 *
 * Nothing here keeps the process alive between rounds.
 */
export class Sources {
  readonly #deps: SourcesDeps;
  readonly #sources: readonly Source[];
  readonly #ids = new UserIds();
  #started: Promise<void> | undefined;
  /** The round that is going on, and the one that was asked for meanwhile. */
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: unknown;
  #stopped = false;
  #said = "";
  #toldRepeated = false;

  /** @throws MultihomeError `MH_ERR_CONFIG`, which lists every entry that is no source. */
  constructor(specs: readonly (string | ExitSource)[], deps: SourcesDeps) {
    this.#deps = deps;
    const sourceDeps: SourceDeps = { clock: deps.clock, ids: this.#ids, warn: deps.warn, info: deps.info, ...(deps.get === undefined ? {} : { get: deps.get }) };
    this.#sources = named(readSpecs(specs)).map(([name, spec]) => new Source(spec, name, sourceDeps));
  }

  get status(): readonly SourceStatus[] {
    return this.#sources.map(({ status }) => status);
  }

  /** Each with what it has counted. */
  get tallies(): readonly { readonly status: SourceStatus; readonly tally: SourceTally }[] {
    return this.#sources;
  }

  /** Reads all sources, and from then on again and again. Resolves when each has answered or failed, within 60 s. */
  start(): Promise<void> {
    this.#started ??= this.refresh();
    return this.#started;
  }

  /** Reads all sources now; what is being read already began before, so another round follows it. */
  refresh(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    if (this.#running === undefined && this.#next === undefined) return this.#begin(true);
    this.#next ??= this.#running!.then(this.#beginNext, this.#beginNext);
    return this.#next;
  }

  /** Gives up what is being read, and reads nothing any more. `onChange` is not called again. */
  stop(): void {
    this.#stopped = true;
    this.#clearTimer();
    for (const source of this.#sources) source.stop();
  }

  readonly #beginNext = (): Promise<void> => {
    this.#next = undefined;
    return this.#stopped ? Promise.resolve() : this.#begin(true);
  };

  #begin(hold: boolean): Promise<void> {
    this.#clearTimer();
    const startedAt = this.#deps.clock.now();
    const round = this.#round(hold).finally(() => {
      this.#running = undefined;
      if (this.#stopped || this.#next !== undefined || this.#sources.length === 0) return;
      const { clock, refreshEveryMs } = this.#deps;
      // A round that took longer than the time between two is no reason to begin the next at once.
      const left = startedAt + refreshEveryMs - clock.now();
      this.#sleepUntil(clock.now() + (left > 0 ? left : refreshEveryMs));
    });
    this.#running = round;
    return round;
  }

  async #round(hold: boolean): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.read(hold)));
    if (this.#stopped) return;
    const lists = this.#sources.map(({ proxies }) => proxies);
    const { listed, repeated } = await mergeLists(lists);
    if (this.#stopped) return;
    this.#forgetUsers(listed);
    if (repeated.size > 0 && !this.#toldRepeated) {
      this.#toldRepeated = true;
      this.#deps.warn(`${repeated.size} proxies have different passwords in different lists; that of the later list is used, and a public list never overrides another.`, { repeated: repeated.size });
    }
    const sources = lists.filter((list) => list.length > 0).length;
    const all = this.#sources.length;
    this.#say(`loaded ${listed.length} ${listed.length === 1 ? "proxy" : "proxies"} from ${sources === all ? "" : `${sources} of `}${all} ${all === 1 ? "source" : "sources"}`);
    this.#deps.onChange({ listed, sources });
  }

  #forgetUsers(listed: readonly ListedProxy[]): void {
    if (this.#ids.size <= 2 * listed.length) return;
    const ids = new Set(listed.map(({ id }) => id));
    this.#ids.keepOnly((id) => ids.has(id));
  }

  #say(line: string): void {
    if (line === this.#said) return;
    this.#said = line;
    this.#deps.info(line);
  }

  #sleepUntil(at: number): void {
    if (at === Infinity) return;
    const { clock } = this.#deps;
    const left = at - clock.now();
    this.#timer = clock.setTimeout(() => (left > LONGEST_STEP_MS ? this.#sleepUntil(at) : this.#inBackground()), Math.min(left, LONGEST_STEP_MS));
    (this.#timer as { unref?(): void } | undefined)?.unref?.();
  }

  #inBackground(): void {
    this.#timer = undefined;
    // Sources do not reject; whoever hears of the lists might throw, and nobody waits here.
    this.#begin(false).catch((error: unknown) => this.#deps.warn(`The proxy lists were read and could not be used (${reasonOf(error)}).`));
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#deps.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function readSpecs(entries: readonly unknown[]): SourceSpec[] {
  const specs: SourceSpec[] = [];
  const problems: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const spec = readSourceSpec(entry);
    if (spec.kind === "problem") problems.push(`  exits.sources[${index}]: got ${spec.given}, expected ${spec.expected}`);
    else specs.push(spec);
  }
  if (problems.length > 0) throw new MultihomeError("MH_ERR_CONFIG", `Wrong sources:\n${problems.join("\n")}`);
  return specs;
}

/** Two URLs that differ in what is not shown have the same name, and get a number. */
function named(specs: readonly SourceSpec[]): [string, SourceSpec][] {
  const seen = new Map<string, number>();
  return specs.map((spec) => {
    const count = (seen.get(spec.name) ?? 0) + 1;
    seen.set(spec.name, count);
    return [count === 1 ? spec.name : `${spec.name} (${count})`, spec];
  });
}
