import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream";
import type { Duplex, Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import { get } from "./get.ts";
import type { GetDeps } from "./get.ts";
import type { ListIntake } from "./list-intake.ts";

/** Reads the list at a URL into `intake`, no more of it than that wants. */
export async function readUrl(url: URL, intake: ListIntake, signal: AbortSignal, deps: GetDeps = {}): Promise<void> {
  const { response, isPublic, assertWhole, close } = await get(url, signal, deps);
  intake.publicSource = isPublic;
  try {
    for await (const chunk of await decoded(response)) {
      if (!(await intake.addBytes(chunk as Buffer))) return;
    }
    assertWhole();
    intake.end();
  } finally {
    close();
  }
}

/** The body without its content encoding, as it comes: a list of 32 MB may be packed into 32 kB, and is cut while it unpacks. */
async function decoded(response: IncomingMessage): Promise<Readable> {
  const encoding = (response.headers["content-encoding"] ?? "").trim().toLowerCase();
  switch (encoding) {
    case "":
    case "identity":
      return response;
    case "gzip":
    case "x-gzip":
      return through(response, createGunzip());
    case "br":
      return through(response, createBrotliDecompress());
    case "deflate":
      // RFC 9110 section 8.4.1.2: some servers leave out the zlib format around it, whose first byte ends in 8.
      return through(response, ((await firstByte(response)) & 0x0f) === 8 ? createInflate() : createInflateRaw());
    default:
      throw new Error("a content encoding that is neither gzip, deflate nor br");
  }
}

function through(response: IncomingMessage, decoder: Duplex): Readable {
  // Failures of either end reach the reader by the decoder.
  pipeline(response, decoder, () => {});
  return decoder;
}

async function firstByte(response: IncomingMessage): Promise<number> {
  const byte = await new Promise<Buffer | null>((resolve, reject) => {
    response.once("readable", () => resolve(response.read(1) as Buffer | null));
    response.once("close", () => (response.complete ? resolve(null) : reject(new Error("the connection closed before the list"))));
  });
  if (byte === null) return 8; // Nothing at all, which both decoders take.
  response.unshift(byte);
  return byte[0];
}
