import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import type { ResponseInfo } from "../model/response.ts";

/** As much as an adapter keeps of a body: a small answer that unfolds to gigabytes is not unfolded. */
const MOST_BYTES = 10 * 1_048_576;

// What is given may be the beginning alone: what can be read of it is read.
const ZLIB = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MOST_BYTES };
const BROTLI = { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: MOST_BYTES };

/**
 * The answer with its body as text: clients ask for compressed answers of their own accord, and adapters look at a body
 * before their client has unpacked it. Whoever judges by a body should not have to know. Unpacked when it is first read;
 * what cannot be unpacked is given as it came.
 */
export function readable(info: ResponseInfo): ResponseInfo {
  if (info.body === undefined || info.body.length === 0) return info;
  const encoding = info.header("content-encoding");
  return encoding === undefined ? info : new Unpacked(info, encoding);
}

class Unpacked implements ResponseInfo {
  readonly status: number;
  readonly complete: boolean | undefined;
  readonly #packed: ResponseInfo;
  readonly #encoding: string;
  #body: Uint8Array | undefined;

  constructor(packed: ResponseInfo, encoding: string) {
    this.status = packed.status;
    this.complete = packed.complete;
    this.#packed = packed;
    this.#encoding = encoding;
  }

  get body(): Uint8Array {
    return (this.#body ??= unpack(this.#packed.body as Uint8Array, this.#encoding));
  }

  header(name: string): string | undefined {
    return this.#packed.header(name);
  }
}

/** Encodings are named in the order in which they were applied (RFC 9110, section 8.4). */
function unpack(packed: Uint8Array, encodings: string): Uint8Array {
  try {
    return encodings.split(",").reduceRight((body, encoding) => unpackOne(body, encoding.trim().toLowerCase()), packed);
  } catch {
    return packed;
  }
}

function unpackOne(body: Uint8Array, encoding: string): Uint8Array {
  switch (encoding) {
    case "gzip":
    case "x-gzip":
      return gunzipSync(body, ZLIB);
    case "deflate":
      // Some servers leave out the zlib format around it, whose first byte ends in 8 (RFC 9110, section 8.4.1.2).
      return (body[0] & 0x0f) === 8 ? inflateSync(body, ZLIB) : inflateRawSync(body, ZLIB);
    case "br":
      return brotliDecompressSync(body, BROTLI);
    case "":
    case "identity":
      return body;
    default:
      throw new RangeError(`Unknown content encoding ${encoding}.`);
  }
}
