import { createSocket } from "node:dgram";
import type { Clock } from "../time/clock.ts";

// Inside one machine a datagram arrives with the call that sends it, unless the system is too busy to deliver what it sends: on a
// machine with eight busy programs for each core that was seen to take half a second, and an address that is left out by mistake
// stays out. Waited for in two halves: a loop that was blocked for long finds both the timer and the datagram due, runs the timer
// first, and must read its sockets before it gives up.
const HALF_OF_WAIT_MS = 1_500;

/**
 * Does a datagram from the address to itself arrive? True only of addresses that are this machine's own: to a broadcast
 * address the system refuses to send, and a stranger's has no way back. The hop limit of 1 keeps it off other networks.
 * An error says that there was no socket to try it with.
 */
export function reachesItself(address: string, clock: Clock): Promise<boolean | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    let settled = false;
    const done = (reached: boolean | NodeJS.ErrnoException): void => {
      if (settled) return;
      settled = true;
      clock.clearTimeout(timer);
      socket.close(() => resolve(reached));
    };
    let timer = clock.setTimeout(() => {
      timer = clock.setTimeout(() => done(false), HALF_OF_WAIT_MS);
    }, HALF_OF_WAIT_MS);

    let bound = false;
    socket.on("error", (error) => done(bound ? false : error));
    socket.on("message", (_, { address: from }) => done(from === address));
    socket.bind({ address, port: 0, exclusive: true }, () => {
      bound = true;
      try {
        socket.setTTL(1);
        socket.send("multihome", socket.address().port, address, (error) => {
          if (error !== null) done(false);
        });
      } catch {
        done(false);
      }
    });
  });
}
