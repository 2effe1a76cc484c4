/** What is known of an egress that is not simply its exit's own. */
interface Group {
  readonly key: string;
  readonly members: number[];
}

/**
 * Which exits are one to a target. An egress has the index of the exit that was its first; nearly always that is its only
 * one, its key is that exit's id, and nothing is kept of it but four bytes.
 */
export class EgressGroups {
  /** By exit. Replaced when it grows. */
  of = new Int32Array(0);
  readonly #groups = new Map<number, Group>();
  readonly #byKey = new Map<string, number>();
  readonly #one = [0];

  /** @param own -1: the key is the exit's own id; otherwise the exit whose id the key is, where there is one */
  join(exit: number, key: string, own: number | undefined): void {
    if (exit >= this.of.length) this.#widen(exit);
    let egress = this.#byKey.get(key);
    if (egress === undefined && own !== undefined && own >= 0 && this.of[own] === own && !this.#groups.has(own)) {
      egress = own;
      this.#found(own, key, [own]);
    }
    if (egress === undefined) {
      this.of[exit] = exit;
      if (own !== -1) this.#found(exit, key, [exit]);
      return;
    }
    this.of[exit] = egress;
    this.#groups.get(egress)?.members.push(exit);
  }

  /** @returns indices that may be given to new exits now: an egress keeps its index until its last exit is gone */
  leave(exit: number): number[] {
    const egress = this.of[exit];
    const group = this.#groups.get(egress);
    if (group === undefined) return [exit];
    group.members.splice(group.members.indexOf(exit), 1);
    if (group.members.length > 0) return exit === egress ? [] : [exit];
    this.#groups.delete(egress);
    this.#byKey.delete(group.key);
    return exit === egress ? [exit] : [exit, egress];
  }

  membersOf(egress: number): readonly number[] {
    const group = this.#groups.get(egress);
    if (group !== undefined) return group.members;
    this.#one[0] = egress;
    return this.#one;
  }

  /** `undefined`: the id of the exit with this index. */
  keyOf(egress: number): string | undefined {
    return this.#groups.get(egress)?.key;
  }

  #found(egress: number, key: string, members: number[]): void {
    this.#groups.set(egress, { key, members });
    this.#byKey.set(key, egress);
  }

  #widen(exit: number): void {
    const of = new Int32Array(Math.max(8, exit + 1 + (exit >>> 4)));
    of.set(this.of);
    this.of = of;
  }
}
