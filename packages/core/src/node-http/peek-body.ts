import type { IncomingMessage } from "node:http";

/** Answers beyond that are judged by what there is: the core asks for no more. */
const FULL_MAX = 10 * 1_048_576;
const NOTHING = new Uint8Array(0);

export type Peeked = (body: Uint8Array, complete: boolean) => void;

/**
 * Tells the first bytes of a response, or all of them, before anybody reads it. It looks on while Node's parser pushes them:
 * whoever listens for "readable" or "data" instead sets the stream going, and an empty body would have ended, unheard, by the
 * time its reader is told of it. A response that is cut is not told of; its "aborted" is.
 *
 * The telling is a task of its own: whoever reads from within `push` starts the connection, and Node, told then that the
 * buffer is full, stops it for ever.
 *
 * @returns ends the looking, and gives the stream what was held back
 */
export function peekBody(response: IncomingMessage, full: boolean, peeked: Peeked): () => void {
  return full ? peekAll(response, peeked) : peekFirst(response, peeked);
}

function peekFirst(response: IncomingMessage, peeked: Peeked): () => void {
  const { push } = response;
  response.push = function pushPeeked(chunk: Uint8Array | null, encoding?: BufferEncoding) {
    response.push = push;
    process.nextTick(peeked, chunk ?? NOTHING, chunk === null);
    return push.call(response, chunk, encoding);
  };
  return () => {
    response.push = push;
  };
}

/** Held back in front of the stream, whose own buffer would stop the connection after its high water mark. */
function peekAll(response: IncomingMessage, peeked: Peeked): () => void {
  const { push } = response;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const letGo = (): boolean => {
    response.push = push;
    let more = true;
    for (const each of chunks.splice(0)) more = push.call(response, each);
    return more;
  };
  response.push = function pushHeldBack(chunk: Uint8Array | null) {
    if (chunk !== null) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < FULL_MAX) return true;
    }
    const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    process.nextTick(peeked, body, chunk === null);
    const more = letGo();
    return chunk === null ? push.call(response, null) : more;
  };
  return letGo;
}
