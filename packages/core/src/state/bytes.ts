/** Room for the longest number. */
const LONGEST = 8;

/**
 * Writes a whole number from 0 to 2^53 - 1, seven bits a byte, the lowest first: small ones, which are most, take one byte.
 * A function over an array and a place, not a method over fields: of 200,000 cells two million numbers are written at a go.
 *
 * @returns where the next one goes
 */
export function putNumber(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) bytes[to++] = (rest % 128) | 128;
  for (; rest > 127; rest >>>= 7) bytes[to++] = (rest & 127) | 128;
  bytes[to++] = rest;
  return to;
}

/** The same of a number of 32 bits, in whole numbers alone. */
export function putSmall(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  for (; rest > 127; rest >>>= 7) bytes[to++] = (rest & 127) | 128;
  bytes[to++] = rest;
  return to;
}

/** Of a number of less than 2^30 a number that is not negative, and small where it is near 0. */
export function folded(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}

/** The same of a number that `folded` has made. */
export function unfolded(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}

/** A growing row of bytes. */
export class ByteWriter {
  bytes = new Uint8Array(1 << 12);
  length = 0;

  /** Makes room for so many more, so that whoever writes them need not ask. */
  reserve(more: number): Uint8Array {
    if (this.length + more > this.bytes.length) {
      const wider = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
      wider.set(this.bytes);
      this.bytes = wider;
    }
    return this.bytes;
  }

  byte(value: number): void {
    this.reserve(1)[this.length++] = value;
  }

  number(value: number): void {
    this.length = putNumber(this.reserve(LONGEST), this.length, value);
  }

  signed(value: number): void {
    this.number(folded(value));
  }

  base64(): string {
    return Buffer.from(this.bytes.buffer, 0, this.length).toString("base64");
  }
}

/** Reads what was written, or whatever is there: past the end everything is 0, and `over` is true. */
export class ByteReader {
  readonly bytes: Uint8Array;
  at = 0;
  /** More was read than there was. */
  over = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Nothing is left, or more was read than there was. */
  get ended(): boolean {
    return this.over || this.at >= this.bytes.length;
  }

  byte(): number {
    if (this.at < this.bytes.length) return this.bytes[this.at++];
    this.over = true;
    return 0;
  }

  number(): number {
    const byte = this.byte();
    return byte < 128 ? byte : this.#longer(byte & 127);
  }

  /** A number of at most 32 bits: of a longer one the largest of these. In whole numbers alone, for there are millions. */
  small(): number {
    const { bytes } = this;
    let { at } = this;
    let byte = bytes[at++];
    // Past the end there is none, and that is not less than 128 either.
    if (byte < 128) {
      this.at = at;
      return byte;
    }
    let value = byte & 127;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) {
        this.at = at;
        return value;
      }
    }
    return Math.min(0xffff_ffff, this.number());
  }

  signed(): number {
    const value = this.number();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** So many bits, from as few bytes as hold them. */
  bits(count: number): number {
    let value = 0;
    for (let shift = 0; shift < count; shift += 8) value |= this.byte() << shift;
    return value >>> 0;
  }

  #longer(low: number): number {
    let value = low;
    // Eight bytes hold 56 bits; whoever wrote more meant nothing.
    for (let unit = 128; unit < 2 ** 56; unit *= 128) {
      const byte = this.byte();
      value += (byte & 127) * unit;
      if (byte < 128) return Math.min(value, Number.MAX_SAFE_INTEGER);
    }
    return Number.MAX_SAFE_INTEGER;
  }
}
