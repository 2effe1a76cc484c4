import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** A server that listens, with books of its sockets. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** The most that were ever open together. */
  readonly highWater: number;
  /** Destroys every socket; resolves when the port is free. May be called again. */
  close(): Promise<void>;
}

/** @param port 0 lets the system choose. */
export async function listen(server: Server, host = "127.0.0.1", port = 0): Promise<Listener> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let highWater = 0;
  let closing: Promise<void> | undefined;

  server.on("connection", (socket) => {
    accepted += 1;
    sockets.add(socket);
    highWater = Math.max(highWater, sockets.size);
    // A client that goes away is no event for a test server.
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, "listening");

  return {
    host,
    port: (server.address() as AddressInfo).port,
    sockets,
    get accepted() {
      return accepted;
    },
    get highWater() {
      return highWater;
    },
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

/** A port of `host` on which nothing listens: connections to it are refused. */
export async function closedPort(host = "127.0.0.1"): Promise<number> {
  const listener = await listen(createServer(), host);
  await listener.close();
  return listener.port;
}
