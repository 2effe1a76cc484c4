import { hash } from "node:crypto";

const HASH_DIGITS = 6;
const DIGEST_DIGITS = 64; // of SHA-256

/**
 * Ids of proxies that have a user name, the same for all sources and at every refresh: what is known about an exit is kept
 * under its id. Of two users whose digests begin alike, the one that came first keeps the short form, for as long as some
 * list names it.
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
    return `${place}#${digest}`;
  }
}
