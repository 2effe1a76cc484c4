import type { SavedCount } from "../quota/meter.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";

/** Weights may be fractions: units are kept in thousandths, rounded up, so that nothing that was counted is lost. */
const PARTS = 1_000;

const COUNTED = 1;
const WINDOW = 2;
const PAUSED = 4;

/** What one exit has used of one limit. */
export interface SavedCounter {
  readonly count: SavedCount | undefined;
  /** For how long an answer has paused the limit there; 0: it has not. */
  readonly pausedForMs: number;
}

/** Counters of exits at one limit, by the numbers that exits have in the file. */
export class CounterWriter {
  readonly #bytes = new ByteWriter();
  readonly #base: number;
  #last = -1;

  /** @param base a window that most others lie close to */
  constructor(base: number) {
    this.#base = base;
    this.#bytes.number(base);
  }

  add(exit: number, { count, pausedForMs }: SavedCounter): void {
    const bytes = this.#bytes;
    bytes.signed(exit - this.#last - 1);
    this.#last = exit;
    const window = count?.window;
    bytes.byte((count === undefined ? 0 : COUNTED) | (window === undefined ? 0 : WINDOW) | (pausedForMs > 0 ? PAUSED : 0));
    if (count !== undefined) bytes.number(Math.ceil(count.used * PARTS));
    if (window !== undefined) {
      bytes.signed(window - this.#base);
      bytes.number(Math.ceil((count?.next ?? 0) * PARTS));
    }
    if (pausedForMs > 0) bytes.number(Math.ceil(pausedForMs));
  }

  base64(): string {
    return this.#bytes.base64();
  }
}

/** @returns false where the bytes are not as they were written */
export function readCounters(from: Uint8Array, exits: number, visit: (exit: number, counter: SavedCounter) => void): boolean {
  const bytes = new ByteReader(from);
  const base = bytes.ended ? 0 : bytes.number();
  for (let exit = -1; !bytes.ended; ) {
    exit += bytes.signed() + 1;
    const head = bytes.byte();
    const used = (head & COUNTED) === 0 ? 0 : bytes.number() / PARTS;
    const window = (head & WINDOW) === 0 ? undefined : base + bytes.signed();
    const next = (head & WINDOW) === 0 ? 0 : bytes.number() / PARTS;
    const pausedForMs = (head & PAUSED) === 0 ? 0 : bytes.number();
    if (bytes.over || exit < 0 || exit >= exits) return false;
    const count = (head & COUNTED) === 0 ? undefined : window === undefined ? { used } : { used, window, next };
    visit(exit, { count, pausedForMs });
  }
  return true;
}
