/** Whole numbers as bytes, seven bits each, the lowest first: small ones, which are most of them, take one byte. */
export class ByteWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Makes room, so that what follows need not ask. */
  reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const wider = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    wider.set(this.#bytes);
    this.#bytes = wider;
  }

  byte(value: number): void {
    this.reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** @param value whole, from 0 to 2^53 - 1 */
  number(value: number): void {
    this.reserve(8);
    if (value < 128) {
      this.#bytes[this.#length++] = value;
      return;
    }
    let rest = value;
    for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 128;
    for (; rest > 127; rest >>>= 7) this.#bytes[this.#length++] = (rest & 127) | 128;
    this.#bytes[this.#length++] = rest;
  }

  /** @param value of less than 2^30 */
  signed(value: number): void {
    this.number(value < 0 ? -value * 2 - 1 : value * 2);
  }

  /** The lowest `count` bits, in as few bytes as hold them. */
  bits(value: number, count: number): void {
    this.reserve(4);
    for (let shift = 0; shift < count; shift += 8) this.#bytes[this.#length++] = (value >>> shift) & 255;
  }

  base64(): string {
    return Buffer.from(this.#bytes.buffer, 0, this.#length).toString("base64");
  }
}

/** Reads what a `ByteWriter` wrote, or whatever is there: past the end everything is 0, and `ended` is true. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #over = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Nothing is left, or more was read than there was. */
  get ended(): boolean {
    return this.#over || this.#at >= this.#bytes.length;
  }

  /** More was read than there was. */
  get over(): boolean {
    return this.#over;
  }

  byte(): number {
    if (this.#at < this.#bytes.length) return this.#bytes[this.#at++];
    this.#over = true;
    return 0;
  }

  number(): number {
    let byte = this.byte();
    if (byte < 128) return byte;
    let value = byte & 127;
    // Eight bytes hold 56 bits; whoever wrote more meant nothing.
    for (let unit = 128; unit < 2 ** 56; unit *= 128) {
      byte = this.byte();
      value += (byte & 127) * unit;
      if (byte < 128) return Math.min(value, Number.MAX_SAFE_INTEGER);
    }
    return Number.MAX_SAFE_INTEGER;
  }

  signed(): number {
    const value = this.number();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  bits(count: number): number {
    let value = 0;
    for (let shift = 0; shift < count; shift += 8) value |= this.byte() << shift;
    return value >>> 0;
  }
}
