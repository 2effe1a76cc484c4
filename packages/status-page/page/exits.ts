import { COLUMNS_HEAD, COLUMNS_MAGIC, type ExitNames, ROW_BYTES } from "../src/wire.ts";

export type SortKey = "id" | "state" | "load" | "inflight" | "rate" | "success" | "fail" | "latency" | "until";

/** No limit applies to it. */
export const NO_LOAD = 255;
/** What a load of 100 % is written as. */
export const FULL_LOAD = 200;

/** What is known of every exit, in columns that grow old only where something changed. */
export class Exits {
  ids: readonly string[] = [];
  #lower: string[] = [];
  success = new Uint32Array(0);
  fail = new Uint32Array(0);
  until = new Uint32Array(0);
  inflight = new Uint16Array(0);
  latency = new Uint16Array(0);
  state = new Uint8Array(0);
  load = new Uint8Array(0);
  revision = 0;
  seq = 0;
  /** Counts up with each change. */
  version = 0;
  /** Rows that the last answer changed; `undefined`: all. */
  changed: Uint32Array | undefined;

  get size(): number {
    return this.ids.length;
  }

  /** Another server, or the same one after a restart: nothing is known any more. */
  reset(): void {
    this.seq = 0;
    this.revision = 0;
  }

  name({ revision, ids }: ExitNames): void {
    this.ids = ids;
    this.#lower = ids.map((id) => id.toLowerCase());
    const count = ids.length;
    this.success = new Uint32Array(count);
    this.fail = new Uint32Array(count);
    this.until = new Uint32Array(count);
    this.inflight = new Uint16Array(count);
    this.latency = new Uint16Array(count);
    this.state = new Uint8Array(count);
    this.load = new Uint8Array(count).fill(NO_LOAD);
    this.revision = revision;
    this.seq = 0;
    this.changed = undefined;
    this.version++;
  }

  /** @returns false where the names have to be read first */
  apply(buffer: ArrayBuffer): boolean {
    const [magic, revision, seq, count, all, total] = new Uint32Array(buffer, 0, 6);
    if (magic !== COLUMNS_MAGIC || buffer.byteLength !== COLUMNS_HEAD + count * ROW_BYTES || revision !== this.revision || total !== this.ids.length) return false;
    const wide = (column: number): Uint32Array => new Uint32Array(buffer, COLUMNS_HEAD + column * 4 * count, count);
    const [index, success, fail, until] = [wide(0), wide(1), wide(2), wide(3)];
    const inflight = new Uint16Array(buffer, COLUMNS_HEAD + 16 * count, count);
    const latency = new Uint16Array(buffer, COLUMNS_HEAD + 18 * count, count);
    const state = new Uint8Array(buffer, COLUMNS_HEAD + 20 * count, count);
    const load = new Uint8Array(buffer, COLUMNS_HEAD + 21 * count, count);
    for (let row = 0; row < count; row++) {
      const i = index[row];
      this.success[i] = success[row];
      this.fail[i] = fail[row];
      this.until[i] = until[row];
      this.inflight[i] = inflight[row];
      this.latency[i] = latency[row];
      this.state[i] = state[row];
      this.load[i] = load[row];
    }
    this.seq = seq;
    this.changed = all === 1 ? undefined : index;
    this.version++;
    return true;
  }

  /** How many there are in each state. */
  counts(): Uint32Array {
    const counts = new Uint32Array(8);
    for (const state of this.state) counts[state]++;
    return counts;
  }

  /** Indices of those that match, in order. */
  pick(text: string, states: ReadonlySet<number>, key: SortKey, descending: boolean): Uint32Array {
    const wanted = text.trim().toLowerCase();
    const found = new Uint32Array(this.size);
    let count = 0;
    for (let i = 0; i < this.size; i++) {
      if (states.size > 0 && !states.has(this.state[i])) continue;
      if (wanted !== "" && !this.#lower[i].includes(wanted)) continue;
      found[count++] = i;
    }
    const rows = found.subarray(0, count);
    if (key === "id") {
      // As the pool has them: addresses stand in their own order there.
      return descending ? rows.reverse() : rows;
    }
    const by = this.#keys(key);
    const sign = descending ? -1 : 1;
    return rows.sort((a, b) => sign * (by[a] - by[b]) || a - b);
  }

  rateOf(i: number): number | undefined {
    const all = this.success[i] + this.fail[i];
    return all === 0 ? undefined : this.success[i] / all;
  }

  #keys(key: Exclude<SortKey, "id">): ArrayLike<number> {
    switch (key) {
      case "state":
        return this.state;
      case "load":
        return this.load.map((load) => (load === NO_LOAD ? 0 : load));
      case "inflight":
        return this.inflight;
      case "rate":
        return Float32Array.from(this.ids, (_, i) => this.rateOf(i) ?? -1);
      case "success":
        return this.success;
      case "fail":
        return this.fail;
      case "latency":
        return this.latency;
      case "until":
        return this.until;
      default: {
        const never: never = key;
        throw new TypeError(`Unknown column ${String(never)}.`);
      }
    }
  }
}
