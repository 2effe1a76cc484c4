import type { ExitColumns } from "@multihome/core";
import { COLUMNS_HEAD, COLUMNS_MAGIC, ROW_BYTES, type ExitNames } from "./wire.ts";

/** A moment that no exit rests until: the longest ban is 3 days, 1.7 % of this. */
const MOST_MS = 0xffff_ffff;
const MOST_16 = 0xffff;

/**
 * A row of 22 bytes for each exit, and when it last changed: whoever looks is sent what has changed since it last asked. At
 * 20,000 exits all of it is 440 kB; in a second at most as many change as there were requests.
 */
export class ExitRows {
  #exits: ExitColumns["exits"] = [];
  #columns: ExitColumns | undefined;
  #changedAt = new Uint32Array(0);
  #revision = 0;
  #seq = 0;
  #names: string | undefined;
  /** Answers to the same question within one second are the same. */
  readonly #cut = new Map<number, Uint8Array>();

  get revision(): number {
    return this.#revision;
  }

  /** @param seq counts up with each call */
  take(columns: ExitColumns, seq: number): void {
    this.#cut.clear();
    this.#seq = seq;
    const before = this.#columns;
    this.#columns = columns;
    if (before === undefined || !sameExits(this.#exits, columns.exits)) {
      this.#revision++;
      this.#names = undefined;
      this.#exits = columns.exits;
      this.#changedAt = new Uint32Array(columns.exits.length).fill(seq);
      return;
    }
    for (let i = 0; i < columns.exits.length; i++) {
      if (
        columns.state[i] !== before.state[i] ||
        columns.load[i] !== before.load[i] ||
        columns.inflight[i] !== before.inflight[i] ||
        columns.success[i] !== before.success[i] ||
        columns.fail[i] !== before.fail[i] ||
        columns.untilAt[i] !== before.untilAt[i] ||
        columns.latencyMs[i] !== before.latencyMs[i]
      ) {
        this.#changedAt[i] = seq;
      }
    }
  }

  /** `ExitNames` as JSON. */
  names(): string {
    return (this.#names ??= JSON.stringify({ revision: this.#revision, ids: this.#exits.map(({ id }) => id) } satisfies ExitNames));
  }

  /** Ids of the first exits. */
  first(count: number): string[] {
    return this.#exits.slice(0, count).map(({ id }) => id);
  }

  /** @param since the `seq` of an earlier answer; 0: all rows */
  cut(since: number, revision: number): Uint8Array {
    const all = since <= 0 || since > this.#seq || revision !== this.#revision;
    const from = all ? 0 : since;
    const known = this.#cut.get(from);
    if (known !== undefined) return known;
    const made = this.#make(from);
    this.#cut.set(from, made);
    return made;
  }

  #make(since: number): Uint8Array {
    const columns = this.#columns;
    const total = this.#exits.length;
    const rows: number[] = [];
    for (let i = 0; i < total; i++) if (this.#changedAt[i] > since) rows.push(i);
    const count = rows.length;
    const bytes = new Uint8Array(COLUMNS_HEAD + count * ROW_BYTES);
    new Uint32Array(bytes.buffer, 0, 6).set([COLUMNS_MAGIC, this.#revision, this.#seq, count, since === 0 ? 1 : 0, total]);
    if (columns === undefined || count === 0) return bytes;
    const wide = (column: number): Uint32Array => new Uint32Array(bytes.buffer, COLUMNS_HEAD + column * 4 * count, count);
    const [index, success, fail, until] = [wide(0), wide(1), wide(2), wide(3)];
    const inflight = new Uint16Array(bytes.buffer, COLUMNS_HEAD + 16 * count, count);
    const latency = new Uint16Array(bytes.buffer, COLUMNS_HEAD + 18 * count, count);
    const state = new Uint8Array(bytes.buffer, COLUMNS_HEAD + 20 * count, count);
    const load = new Uint8Array(bytes.buffer, COLUMNS_HEAD + 21 * count, count);
    for (let row = 0; row < count; row++) {
      const i = rows[row];
      index[row] = i;
      success[row] = columns.success[i];
      fail[row] = columns.fail[i];
      until[row] = Math.min(MOST_MS, columns.untilAt[i]);
      inflight[row] = columns.inflight[i];
      latency[row] = Math.min(MOST_16, columns.latencyMs[i]);
      state[row] = columns.state[i];
      load[row] = columns.load[i];
    }
    return bytes;
  }
}

function sameExits(before: ExitColumns["exits"], after: ExitColumns["exits"]): boolean {
  if (before.length !== after.length) return false;
  for (let i = 0; i < after.length; i++) if (before[i] !== after[i]) return false;
  return true;
}
