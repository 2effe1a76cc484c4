import type { Socket } from "node:net";

/**
 * Looks at what the proxy sends: throws when it is wrong, answers with what lies beyond the handshake when that is over,
 * and with `undefined` while more is needed.
 */
export type TakeBytes = (chunk: Buffer) => Buffer | undefined;

/**
 * Reads a proxy's side of the handshake. Bytes beyond it are put back, for TLS or HTTP to find: a server that speaks first
 * may have its greeting in the packet that carries the proxy's reply.
 *
 * Listens to `readable` rather than `data`, so that the socket never flows: it is handed on as if nobody had read from it,
 * and whoever attaches a `data` listener next starts the flow.
 */
export function readHandshake(socket: Socket, take: TakeBytes, done: (error?: unknown) => void): void {
  const onReadable = (): void => {
    let rest: Buffer | undefined;
    try {
      while (rest === undefined) {
        const chunk: Buffer | null = socket.read();
        if (chunk === null) return;
        rest = take(chunk);
      }
    } catch (error) {
      socket.removeListener("readable", onReadable);
      done(error);
      return;
    }
    socket.removeListener("readable", onReadable);
    if (rest.length > 0) socket.unshift(rest);
    done();
  };
  socket.on("readable", onReadable);
}
