import { hash } from "node:crypto";

const HASH_DIGITS = 6;
const DIGEST_DIGITS = 64; // of SHA-256

/**
 * Ids of proxies that have a user name, the same at every reading: what is known about an exit is kept under its id. Six digits
 * are 24 bits, and a provider may sell ten thousand users at one place: two of them then share their first six with a
 * likelihood of 95 %. The one that came first keeps them, for as long as some list names it; the later one takes six digits
 * from further on in its digest.
 */
export class UserIds {
  readonly #byUser = new Map<string, string>();
  readonly #taken = new Set<string>();

  get size(): number {
    return this.#byUser.size;
  }

  idOf(place: string, username: string): string {
    const key = `${place}#${username}`;
    const known = this.#byUser.get(key);
    if (known !== undefined) return known;
    const id = this.#freeId(place, username);
    this.#byUser.set(key, id);
    this.#taken.add(id);
    return id;
  }

  /** Users may be made up anew at each refresh (`user-session-1b4f`): those that are in no list any more are forgotten. */
  keepOnly(isListed: (id: string) => boolean): void {
    for (const [key, id] of this.#byUser) {
      if (isListed(id)) continue;
      this.#byUser.delete(key);
      this.#taken.delete(id);
    }
  }

  #freeId(place: string, username: string): string {
    const digest = hash("sha256", username);
    for (let from = 0; from + HASH_DIGITS <= DIGEST_DIGITS; from++) {
      const id = `${place}#${digest.slice(from, from + HASH_DIGITS)}`;
      if (!this.#taken.has(id)) return id;
    }
    // 59 collisions at one place: no list has them by chance, and it still gets an id of its own.
    return `${place}#${digest}`;
  }
}
