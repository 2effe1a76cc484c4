import { createServer } from "node:net";
import type { Clock } from "../time/clock.ts";
import { parseAddress } from "./address.ts";
import { reachesItself } from "./self-test.ts";

/** Why an address cannot be an exit. */
export interface BindRefusal {
  /** No such address on this machine: of a range that is to be expected, of an address that was named it is not. */
  readonly absent: boolean;
  readonly reason: string;
}

/** Answers `undefined` when connections can leave by the address. Never rejects. */
export type BindCheck = (address: string) => Promise<BindRefusal | undefined>;

/** Binding needs no network, so an answer that takes this long will not come. */
export const BIND_DEADLINE_MS = 2_000;

const MEANINGS: Record<string, string> = {
  EADDRNOTAVAIL: "no such address on this machine",
  EACCES: "not permitted",
  EPERM: "not permitted",
  EAFNOSUPPORT: "this machine has no such address family",
  EINVAL: "the system refuses the address",
  EMFILE: "too many open files in this process",
  ENFILE: "too many open files on this machine",
};

/**
 * Binds a TCP listener on a port of the system's choice, as every connection through the exit will be bound.
 *
 * Binding alone proves too little for an address that no interface carries. Linux binds to a subnet's broadcast address
 * without complaint and sends by another address; with `ip_nonlocal_bind` it binds to the addresses of strangers. Such an
 * address has to reach itself as well. Loopback addresses and ranges routed to this machine (`ip route add local`) do.
 */
export function createBindCheck(clock: Clock, carried: ReadonlySet<string>): BindCheck {
  return async (address) => {
    const refusal = await bind(address, clock);
    if (refusal !== undefined || carried.has(address)) return refusal;
    const reached = await reachesItself(address, clock);
    if (typeof reached !== "boolean") return refusalOf(reached, address);
    return reached ? undefined : { absent: true, reason: "the system allows it, but what is sent to it does not arrive: a broadcast address, or not this machine's" };
  };
}

function bind(address: string, clock: Clock): Promise<BindRefusal | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    const done = (refusal?: BindRefusal): void => {
      clock.clearTimeout(timer);
      server.close(() => resolve(refusal));
    };
    const timer = clock.setTimeout(() => done({ absent: false, reason: `binding took longer than ${BIND_DEADLINE_MS} ms` }), BIND_DEADLINE_MS);
    server.on("error", (error: NodeJS.ErrnoException) => done(refusalOf(error, address)));
    // Exclusive: in a worker of node:cluster the primary would otherwise bind, and perhaps in another network namespace.
    server.listen({ host: address, port: 0, exclusive: true }, () => done());
  });
}

function refusalOf(error: NodeJS.ErrnoException, address: string): BindRefusal | undefined {
  const code = error.code ?? error.name;
  // No free port left is a bad moment, not a bad address.
  if (code === "EADDRINUSE") return undefined;
  const absent = code === "EADDRNOTAVAIL" || (code === "EINVAL" && parseAddress(address)?.family === 6);
  return { absent, reason: `${code}, ${MEANINGS[code] ?? error.message}` };
}
