import { EXIT_WORDS } from "./exit-beliefs.ts";

/** So many changes are kept: some ten seconds of a busy pool in which nothing succeeds. Later ones stay as they are. */
const MOST = 512;

/** What a journal can put back. */
export interface Undoable {
  /** @param words of the exit, @param cell of the exit at this host, both as they were */
  putBack(exit: number, words: Uint32Array, cell: number): void;
}

/** What was believed before it was changed, since the last sign of life: should the network turn out to have been gone, nobody is to blame. */
export class Journal {
  readonly #exits = new Int32Array(MOST);
  readonly #cells = new Uint32Array(MOST);
  readonly #words = new Uint32Array(MOST * EXIT_WORDS);
  readonly #hosts: Undoable[] = [];

  get length(): number {
    return this.#hosts.length;
  }

  note(host: Undoable, exit: number, words: Uint32Array, at: number, cell: number): void {
    const next = this.#hosts.length;
    if (next >= MOST) return;
    this.#hosts.push(host);
    this.#exits[next] = exit;
    this.#cells[next] = cell;
    for (let word = 0; word < EXIT_WORDS; word++) this.#words[next * EXIT_WORDS + word] = words[at + word];
  }

  clear(): void {
    if (this.#hosts.length > 0) this.#hosts.length = 0;
  }

  /** Puts everything back, the newest change first. */
  undo(): void {
    for (let i = this.#hosts.length - 1; i >= 0; i--) this.#hosts[i].putBack(this.#exits[i], this.#words.subarray(i * EXIT_WORDS, (i + 1) * EXIT_WORDS), this.#cells[i]);
    this.clear();
  }
}
