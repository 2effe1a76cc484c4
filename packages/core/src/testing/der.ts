import ipaddr from "ipaddr.js";

// As much of DER (ITU-T X.690) as a certificate takes.

export function concat(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts);
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return concat(Buffer.from([tag, length]), content);
  if (length < 0x100) return concat(Buffer.from([tag, 0x81, length]), content);
  return concat(Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content);
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return element(0x30, concat(...parts));
}

export function set(...parts: readonly Buffer[]): Buffer {
  return element(0x31, concat(...parts));
}

/** `constructed`: the content is an element itself. */
export function context(number: number, content: Buffer, constructed = true): Buffer {
  return element((constructed ? 0xa0 : 0x80) | number, content);
}

export function integer(bytes: Buffer): Buffer {
  return element(0x02, bytes);
}

export function bool(value: boolean): Buffer {
  return element(0x01, Buffer.from([value ? 0xff : 0]));
}

export function octets(content: Buffer): Buffer {
  return element(0x04, content);
}

export function bitString(content: Buffer): Buffer {
  return element(0x03, concat(Buffer.from([0]), content));
}

export function utf8(text: string): Buffer {
  return element(0x0c, Buffer.from(text));
}

export function utcTime(text: string): Buffer {
  return element(0x17, Buffer.from(text, "latin1"));
}

/** Seven bits a byte, the highest bit set on all but the last of each arc. */
export function oid(arcs: readonly number[]): Buffer {
  const bytes = [arcs[0] * 40 + arcs[1]];
  for (const arc of arcs.slice(2)) {
    const digits = [arc & 0x7f];
    for (let rest = arc >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return element(0x06, Buffer.from(bytes));
}

/** The 4 or 16 bytes of an address. */
export function ipOctets(address: string): Buffer {
  return Buffer.from(ipaddr.parse(address).toByteArray());
}
