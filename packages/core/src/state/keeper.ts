import type { Clock } from "../time/clock.ts";
import { Alarm, type TimerQueue } from "../time/timer-queue.ts";
import type { Applied } from "./pool-state.ts";
import { StateFile } from "./state-file.ts";

/** A ban has to be on the disk within a second: half of it for others that come with it, the rest for the disk. */
const SOON_MS = 500;

export interface KeeperParts {
  /** As the user wrote it; lines for people name it so. */
  readonly file: string;
  readonly saveEveryMs: number;
  readonly clock: Clock;
  readonly timers: TimerQueue;
  readonly warn: (message: string, fields: object) => void;
  readonly info: (message: string, fields: object) => void;
  /** @param closing nothing is sent any more */
  readonly take: (closing: boolean) => Promise<string>;
  readonly apply: (text: string) => Promise<Applied>;
}

/**
 * Keeps the state file: read once, then written now and then, soon after a ban, and at the end. A disk that refuses is told
 * of once, and once when it has recovered; nobody waits for it.
 */
export class StateKeeper {
  readonly #parts: KeeperParts;
  readonly #file: StateFile;
  readonly #regular: Alarm;
  readonly #soon: Alarm;
  #saveEveryMs: number;
  #saving: Promise<void> | undefined;
  /** Asked for while another save was under way. */
  #again = false;
  #started = false;
  #closed = false;
  #failing = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#file = new StateFile(parts.file);
    this.#saveEveryMs = parts.saveEveryMs;
    this.#regular = new Alarm((now) => {
      this.#save();
      this.#setRegular(now);
    });
    this.#soon = new Alarm(() => {
      this.#parts.timers.letGo();
      this.#save();
    });
  }

  /** Holds from the next save on. */
  set saveEveryMs(ms: number) {
    this.#saveEveryMs = ms;
  }

  /** Reads what an earlier process has left. Never rejects: a file that is no state is put aside, and the pool starts cold. */
  async load(): Promise<void> {
    const { file, info, warn, apply } = this.#parts;
    const read = await this.#file.read();
    if (read.kind === "none") return;
    const applied = read.kind === "bad" ? read : await apply(read.text);
    if (applied.kind === "bad") {
      const aside = await this.#file.setAside();
      warn(`The state file ${file} cannot be used: ${applied.reason}. ${aside === undefined ? "" : `It is kept as ${file}.bad. `}The pool starts without it.`, { file, reason: applied.reason });
      return;
    }
    if (applied.left > 0) warn(`${applied.left} entries of the state file ${file} cannot be read and are left out.`, { file, left: applied.left });
    info(`restored health data for ${applied.exits} proxies from ${file}`, { file, exits: applied.exits });
  }

  /** From now on. Saves at once: what the last `close()` has left is no longer all that was sent. */
  start(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    this.#save();
    this.#setRegular(this.#parts.clock.now());
  }

  /** Something has happened that must not be forgotten: a ban, a pause of a minute or more. */
  saveSoon(): void {
    if (!this.#started || this.#closed || this.#soon.isSet) return;
    const { clock, timers } = this.#parts;
    const now = clock.now();
    // The process may have nothing else to do: it stays for this.
    timers.hold();
    timers.set(this.#soon, now, now + SOON_MS);
  }

  /** The last save, when nothing is sent any more. Resolves also where the disk refuses. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { timers } = this.#parts;
    if (this.#soon.isSet) timers.letGo();
    timers.remove(this.#soon);
    timers.remove(this.#regular);
    await this.#saving;
    if (this.#started) await this.#write(true);
  }

  #setRegular(now: number): void {
    if (!this.#closed) this.#parts.timers.set(this.#regular, now, now + this.#saveEveryMs);
  }

  #save(): void {
    if (this.#saving !== undefined) {
      this.#again = true;
      return;
    }
    this.#saving = this.#write(false).then(() => {
      this.#saving = undefined;
      if (!this.#again || this.#closed) return;
      this.#again = false;
      this.#save();
    });
  }

  async #write(closing: boolean): Promise<void> {
    const { file, take, warn, info } = this.#parts;
    try {
      await this.#file.write(await take(closing));
    } catch (error) {
      if (!this.#failing) warn(`The state file ${file} cannot be written (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}); what it held stays there.`, { file, error });
      this.#failing = true;
      return;
    }
    if (this.#failing) info(`The state file ${file} is written again.`, { file });
    this.#failing = false;
  }
}
