import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { SocksClient } from "socks";
import { ConnectError } from "./connect-error.ts";
import type { Address } from "./destination.ts";
import type { ProxyEndpoint } from "./endpoints.ts";
import { readHandshake } from "./handshake.ts";
import { Socks5Reply } from "./socks5-reply.ts";

/**
 * Asks a SOCKS5 proxy, over a connected socket, for a connection to `to`; the name goes to the proxy as it is.
 *
 * `socks` frames what we send. It never touches the socket: it does not check all that it reads, keeps as much as it is
 * sent, replays early bytes as events and leaves listeners behind. So it talks to a wire of our own, on which it only ever
 * sees one whole, checked message at a time.
 *
 * @param name of the proxy in errors
 */
export function negotiateSocks5(socket: Socket, name: string, proxy: ProxyEndpoint, to: Address, timeoutMs: number, done: (error?: unknown) => void): void {
  const userId = proxy.username ?? "";
  const password = proxy.password ?? "";
  if (Buffer.byteLength(userId) > 255 || Buffer.byteLength(password) > 255) {
    done(new ConnectError("ERR_PROXY_AUTH", "handshake", `SOCKS5 has no room for a user name or a password of more than 255 bytes, as ${name} is given.`));
    return;
  }

  const wire = new Wire(socket);
  // `timeout` never comes first: ours has been running since before TCP. It has to be given, or its timer runs for 30 s.
  const client = new SocksClient({
    command: "connect",
    proxy: { host: proxy.host, port: proxy.port, type: 5, userId, password },
    destination: { host: to.host, port: to.port },
    timeout: timeoutMs,
  });
  let refusal: ConnectError | undefined;
  // Its own error holds the password and goes no further.
  client.on("error", (error) => (refusal ??= new ConnectError("ERR_PROXY_PROTOCOL", "handshake", `The SOCKS5 handshake with ${name} failed: ${error.message}.`)));

  const reply = new Socks5Reply(userId !== "" || password !== "", name);
  const take = (chunk: Buffer): Buffer | undefined => {
    const next = reply.next(chunk);
    if (next === undefined) return undefined;
    wire.emit("data", next.message);
    if (refusal !== undefined) throw refusal;
    return next.last ? next.rest : undefined;
  };
  const hangUp = (): void => {
    wire.cut();
    // Its timer cannot be stopped and holds the client until the deadline would have come: let that be a client without
    // its 4 KiB of buffer, and without a way to our socket. What it may still say then must find a listener.
    Object.assign(client, { receiveBuffer: { length: 0 } });
    client.removeAllListeners();
    client.on("error", ignore);
  };
  socket.once("close", hangUp);
  readHandshake(socket, take, (error) => {
    socket.removeListener("close", hangUp);
    hangUp();
    done(error);
  });
  client.connect(wire as unknown as Duplex);
}

/** What `socks` takes for its socket. */
class Wire extends EventEmitter {
  #socket: Socket | undefined;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  write(bytes: Buffer): boolean {
    return this.#socket?.write(bytes) ?? false;
  }

  /** The client may still be between two of its promises: it finds a wire that is closed and takes whatever it writes. */
  cut(): void {
    this.#socket = undefined;
    this.emit("close");
  }

  pause(): this {
    return this;
  }

  resume(): this {
    return this;
  }

  destroy(): this {
    return this;
  }
}

function ignore(): void {}
