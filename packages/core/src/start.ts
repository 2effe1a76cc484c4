import { ClosedError, MultihomeError } from "./errors.ts";
import { describeExits } from "./exits/describe.ts";
import type { ExitTable } from "./exits/exit-table.ts";
import { checkEntries, resolveExits } from "./exits/inventory.ts";
import { mergeListed } from "./exits/merge-listed.ts";
import { mergeOwn } from "./exits/merge-own.ts";
import type { ListedProxy } from "./exits/sources/listed-proxy.ts";
import { Sources } from "./exits/sources/sources.ts";
import type { ExitPoolOptions, ExitsOptions } from "./model/options.ts";
import type { Log } from "./observe/log.ts";
import { Departures } from "./race/departures.ts";
import type { Engine } from "./race/engine.ts";
import type { Targets } from "./race/targets.ts";
import type { Memory } from "./state/memory.ts";
import type { Clock } from "./time/clock.ts";
import { durationMs } from "./time/duration.ts";

interface StartParts {
  readonly options: ExitPoolOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly table: ExitTable;
  readonly engine: Engine;
  readonly targets: Targets;
  /** What earlier runs have learnt, where a state file is named. */
  readonly memory: Memory | undefined;
  /** The exits are known, or others than before. */
  onExits(): void;
}

/** So many of the entries that are no exits are named in an error: whoever sees ten knows what is wrong. */
const SHOWN = 10;

/** Finds the exits of a pool, and goes on looking where they come from sources. */
export class Start {
  readonly #parts: StartParts;
  readonly #departures: Departures;
  #options: ExitPoolOptions;
  #sources: Sources | undefined;
  /** Entries of the options that are no exits. */
  #left: readonly { readonly id: string; readonly reason: string }[] = [];
  /** What is going on: one change of the exits after the other. Never rejects. */
  #running: Promise<void> = Promise.resolve();

  /** @throws MultihomeError `MH_ERR_CONFIG` where an entry of `exits.sources` is no source */
  constructor(parts: StartParts) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#departures = new Departures(parts.engine, parts.targets);
    this.#sources = this.#makeSources(parts.options.exits ?? {}, false);
    parts.table.absence = () => this.#absence();
  }

  /** Resolves when requests may go; rejects with `MH_ERR_NO_EXIT` when there is no way out, having told those that waited. */
  run(): Promise<void> {
    const first = this.#run();
    this.#running = first.catch(() => {});
    return first;
  }

  /**
   * Other exits are named. Nothing that is known of those that stay is lost, and the others carry to its end what they have begun.
   *
   * @throws MultihomeError `MH_ERR_CONFIG` where an entry is no exit and no source; then nothing has changed
   */
  update(options: ExitPoolOptions): void {
    const { exits: before = {} } = this.#options;
    const { exits = {} } = options;
    const others = isOther(before.sources, exits.sources) || before.refreshEvery !== exits.refreshEvery;
    if (!others && !isOther(before.local, exits.local) && !isOther(before.exclude, exits.exclude) && !isOther(before.proxies, exits.proxies)) return;
    checkEntries(exits);
    const sources = others ? this.#makeSources(exits, true) : this.#sources;
    this.#options = options;
    if (others) {
      this.#sources?.stop();
      this.#sources = sources;
    }
    const { engine, log } = this.#parts;
    this.#running = this.#running.then(() => this.#renew(others)).catch((error: unknown) => {
      if (!engine.closing) log.warn(`The exits could not be changed: ${error instanceof Error ? error.message : "unknown"}`, {});
    });
  }

  async #run(): Promise<void> {
    const { clock, engine, log, memory, table, targets } = this.#parts;
    try {
      const found = await resolveExits(this.#options.exits ?? {}, { clock, warn: (message) => log.warn(message, {}) });
      if (engine.closing) throw new ClosedError();
      this.#left = found.left;
      const own = found.exits.map(({ exit, egressKey }) => table.add(exit, egressKey));
      for (const target of targets) for (const exit of own) target.desk.admit(exit);
      for (const line of describeExits(found, this.#sources?.status.length)) log.info(line, {});
      await this.#sources?.start();
      if (engine.closing) throw new ClosedError();
      await memory?.load();
      if (engine.closing) throw new ClosedError();
      memory?.start();
      engine.open(targets);
      this.#parts.onExits();
      if (table.size > 0) return;
      const absence = this.#absence();
      throw new MultihomeError("MH_ERR_NO_EXIT", `There is no exit to leave by${absence === "" ? "" : `: ${absence}`}.`);
    } catch (error) {
      engine.open(targets);
      this.#parts.onExits();
      throw error;
    }
  }

  stop(): void {
    this.#sources?.stop();
  }

  /** The lists that exits come from, each with what it has counted. */
  get sources(): Sources["tallies"] {
    return this.#sources?.tallies ?? [];
  }

  async #renew(others: boolean): Promise<void> {
    const { clock, engine, log, table } = this.#parts;
    const found = await resolveExits(this.#options.exits ?? {}, { clock, warn: (message) => log.warn(message, {}) });
    if (engine.closing) return;
    this.#left = found.left;
    const { added, known, gone } = mergeOwn(table, found.exits);
    const now = clock.now();
    for (const exit of gone) this.#departures.leave(exit, now);
    for (const exit of known) this.#departures.stay(exit);
    if (others && this.#sources === undefined) this.#departures.listed(new Set(), true, now);
    for (const line of describeExits(found, others ? this.#sources?.status.length : undefined)) log.info(line, {});
    this.#arrived(added, []);
    if (others) await this.#sources?.start();
  }

  /** @param anew the user has named others: what the last ones named is not waited for */
  #makeSources({ sources = [], refreshEvery = "10m" }: ExitsOptions, anew: boolean): Sources | undefined {
    const { clock, log } = this.#parts;
    let first = anew;
    if (sources.length === 0) return undefined;
    return new Sources(sources, {
      clock,
      warn: (message, fields) => log.warn(message, fields ?? {}),
      info: (message, fields) => log.info(message, fields ?? {}),
      refreshEveryMs: durationMs(refreshEvery),
      onChange: ({ listed }) => {
        // Nothing at all is more likely a trouble of theirs than what the user meant.
        this.#listed(listed, first && listed.length > 0);
        if (listed.length > 0) first = false;
      },
    });
  }

  /** What became of the entries that were to be exits; a range may be thousands of them. */
  #absence(): string {
    const failing = (this.#sources?.status ?? []).map(({ name, error }) => ({ id: name, reason: error ?? "it names no proxy" }));
    const all = [...this.#left, ...failing];
    const more = all.length > SHOWN ? ` and ${all.length - SHOWN} more` : "";
    return `${all.slice(0, SHOWN).map(({ id, reason }) => `${id} (${reason})`).join(", ")}${more}`;
  }

  /** A round of reading the sources is over. What is known of an exit stays; dead ones get another chance. */
  #listed(listed: readonly ListedProxy[], atOnce: boolean): void {
    const { clock, engine, log, table } = this.#parts;
    const { added, known, leftOut } = mergeListed(table, listed);
    this.#departures.listed(new Set([...added, ...known]), leftOut > 0 || atOnce, clock.now());
    if (leftOut > 0) log.warn(`${leftOut} proxies are left out: a pool holds 100,000 exits.`, { leftOut });
    this.#arrived(added, known.filter((exit) => engine.health.refreshed(exit)));
  }

  #arrived(added: readonly number[], revived: readonly number[]): void {
    const { engine, memory, targets } = this.#parts;
    for (const target of targets) for (const exit of added) target.desk.admit(exit);
    memory?.admitted(added);
    for (const target of targets) {
      if (revived.length > 0) target.desk.reconsider();
      if (engine.ready) engine.wake(target);
    }
    this.#parts.onExits();
  }
}

function isOther(before: unknown, after: unknown): boolean {
  if (!Array.isArray(before) || !Array.isArray(after)) return before !== after;
  return before.length !== after.length || before.some((entry, index) => entry !== after[index]);
}
