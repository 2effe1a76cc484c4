import type { Socket } from "node:net";

/** Long enough for a client in another process to have read what was said last. */
const READ_MS = 15;

/**
 * Resets a connection once its peer has had the time to read what was said last. Node takes a reset that arrives
 * together with data for an ordinary end (libuv reports the hang-up as EOF), and the client would see no reset at all.
 */
export function resetAfterRead(socket: Socket): void {
  const timer = setTimeout(() => {
    // A client in this very process reads in the poll phase, which lies between the timers and this.
    setImmediate(() => {
      if (!socket.destroyed) socket.resetAndDestroy();
    });
  }, READ_MS);
  socket.once("close", () => clearTimeout(timer));
}
