/**
 * Exits whose record over all targets has changed by enough to matter, newest last. Each target reads on from where it was:
 * telling every target of every outcome would make an outcome cost as much as there are targets.
 */
export class ChangeLog {
  readonly #exits = new Int32Array(1024);
  /** How many were ever noted. */
  count = 0;

  note(exit: number): void {
    this.#exits[this.count++ & 1023] = exit;
  }

  /** The `index`-th that was noted. Ask only for those from `oldest` on. */
  get(index: number): number {
    return this.#exits[index & 1023];
  }

  /** Older ones are forgotten. A target that slept through them learns of each exit when it next uses it. */
  get oldest(): number {
    return Math.max(0, this.count - 1024);
  }
}
