/** So much of a body is kept for a classifier that wants to see all of it. */
const MOST_PEEKED_BYTES = 10 * 1_048_576;

/** Who takes the pieces; the caller, by way of the exchange. */
export interface Reader {
  readonly paused: boolean;
  tellData(piece: Buffer): void;
}

/** Pieces of a body that have come before its answer may be handed on: because the classifier looks at them first, or because it is held. */
export class KeptBody {
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #discarded = false;

  /** Answers whether that is as much as anybody may want to see. */
  add(piece: Buffer): boolean {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    return this.#bytes >= MOST_PEEKED_BYTES;
  }

  joined(): Buffer {
    return this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
  }

  /** As much as the reader takes, or all of it; `progress` is called with each piece. Answers whether nothing is left. */
  handOn(reader: Reader, leg: { progress(): void }, all: boolean): boolean {
    let next = 0;
    while (next < this.#pieces.length && !this.#discarded && (all || !reader.paused)) {
      leg.progress();
      reader.tellData(this.#pieces[next++]);
    }
    this.#pieces.splice(0, next);
    return this.#pieces.length === 0;
  }

  /** Also while it is being handed on. */
  discard(): void {
    this.#discarded = true;
  }
}

/** Will something of a body come soon after such a head? Event streams may be silent for minutes. */
export function tellsSoon(status: number, contentType: string | undefined): boolean {
  return status !== 204 && status !== 304 && !/^text\/event-stream/i.test(contentType ?? "");
}
