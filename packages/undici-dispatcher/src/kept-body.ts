/** Pieces of a body that have come before its answer may be handed on: because the classifier looks at them first, or because it is held. */
export class KeptBody {
  bytes = 0;
  readonly #pieces: Buffer[] = [];
  #discarded = false;

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.bytes += piece.length;
  }

  joined(): Buffer {
    return this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
  }

  /** Hands the pieces to `take` as long as `wanted`. Answers whether that were all. */
  handOn(take: (piece: Buffer) => void, wanted: () => boolean): boolean {
    let next = 0;
    while (next < this.#pieces.length && !this.#discarded && wanted()) take(this.#pieces[next++]);
    this.#pieces.splice(0, next);
    return this.#pieces.length === 0;
  }

  /** Also from within `take`. */
  discard(): void {
    this.#discarded = true;
  }
}
