/** A part of a window that this process has taken in advance, and grants from without asking. */
export interface Slice {
  readonly isEmpty: boolean;
  /** Units that may be used now, by a request that may arrive in the windows `first` to `last`. */
  room(now: number, first: number, last: number): number;
  /** Takes units that `room` allowed. @returns where they are counted */
  take(units: number, now: number, first: number, last: number): number;
  /** @param until our clock; a fixed window needs none, its number says when it is over; Infinity puts back what was taken from a place that `holds` */
  put(units: number, first: number, last: number, until: number): void;
  /** Is the place still good? Then units that were not used after all may be used by another. */
  holds(place: number, now: number): boolean;
  /** Everything that is left, or only what may not be used any more; it is gone from here afterwards. */
  drain(now: number, all: boolean, give: (place: number, units: number) => void): void;
}

/** Of windows that turn with a server's clock: what is left in each of the few that may be running. */
export class FixedSlice implements Slice {
  #windows: number[] = [];
  #left: number[] = [];
  #current = 0;

  get isEmpty(): boolean {
    return this.#windows.length === 0;
  }

  room(_now: number, first: number, last: number): number {
    if (first > this.#current) this.#current = first;
    let room = Infinity;
    for (let window = first; window <= last; window++) {
      const at = this.#windows.indexOf(window);
      if (at < 0) return 0;
      if (this.#left[at] < room) room = this.#left[at];
    }
    return room;
  }

  take(units: number, _now: number, first: number, last: number): number {
    for (let window = first; window <= last; window++) this.#left[this.#windows.indexOf(window)] -= units;
    return first;
  }

  put(units: number, first: number, last: number): void {
    for (let window = first; window <= last; window++) {
      const at = this.#windows.indexOf(window);
      if (at >= 0) this.#left[at] += units;
      else {
        this.#windows.push(window);
        this.#left.push(units);
      }
    }
  }

  holds(place: number): boolean {
    return place >= this.#current;
  }

  drain(_now: number, all: boolean, give: (place: number, units: number) => void): void {
    const windows = this.#windows;
    const left = this.#left;
    this.#windows = [];
    this.#left = [];
    for (let i = 0; i < windows.length; i++) {
      // Dead with its window: there is nothing to give back to.
      if (windows[i] < this.#current) continue;
      if (all) {
        if (left[i] > 0) give(windows[i], left[i]);
      } else this.put(left[i], windows[i], windows[i]);
    }
  }
}

/** Ends that lie closer are one. */
const SAME_MS = 5;

interface Part {
  readonly place: number;
  left: number;
  until: number;
}

/** Of sliding windows and buckets: each part may be used for a short time only, within which the store counts it as if it were used at the end. */
export class TimedSlice implements Slice {
  #parts: Part[] = [];

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  room(now: number): number {
    let room = 0;
    for (const part of this.#parts) if (part.until > now) room += part.left;
    return room;
  }

  /** Oldest first; counted where the oldest is, for what is given back there is back the shortest. */
  take(units: number, now: number): number {
    let place = -1;
    let missing = units;
    for (const part of this.#parts) {
      if (part.until <= now || part.left <= 0) continue;
      if (place < 0) place = part.place;
      const used = Math.min(missing, part.left);
      part.left -= used;
      missing -= used;
      if (missing <= 0) break;
    }
    return place < 0 ? 0 : place;
  }

  put(units: number, first: number, _last: number, until: number): void {
    const known = this.#parts.find((part) => part.place === first && (until === Infinity || Math.abs(part.until - until) < SAME_MS));
    if (known === undefined) {
      this.#parts.push({ place: first, left: units, until });
      return;
    }
    known.left += units;
    known.until = Math.min(known.until, until);
  }

  holds(place: number, now: number): boolean {
    return this.#parts.some((part) => part.place === place && part.until > now);
  }

  drain(now: number, all: boolean, give: (place: number, units: number) => void): void {
    if (this.#parts.length === 0) return;
    const keep: Part[] = [];
    for (const part of this.#parts) {
      if (!all && part.until > now) keep.push(part);
      else if (part.left > 0) give(part.place, part.left);
    }
    this.#parts = keep;
  }
}
