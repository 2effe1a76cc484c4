import net from "node:net";
import type { LookupFunction, Socket, TcpSocketConnectOpts } from "node:net";
import type { Exit } from "../model/exit.ts";
import type { ConnectResult, SocketCounts } from "../observe/socket-counts.ts";
import { systemClock } from "../time/clock.ts";
import type { Clock } from "../time/clock.ts";
import { ConnectError, markFailure } from "./connect-error.ts";
import type { ConnectPhase } from "./connect-error.ts";
import { addressOf, authority } from "./destination.ts";
import type { Address, Destination } from "./destination.ts";
import { endpointOf } from "./endpoints.ts";
import type { ProxyEndpoint } from "./endpoints.ts";
import { negotiateTunnel } from "./http-tunnel.ts";
import { onAbort } from "./on-abort.ts";
import { startTls } from "./secure.ts";
import { negotiateSocks5 } from "./socks5.ts";

/** Once: with an error alone, or with `null` and a socket that is connected, tunnelled and, where asked for, secured. */
export type ConnectCallback = (error: unknown, socket?: Socket) => void;

/** Gives the connection up: its sockets are destroyed and the callback has been called with `reason` when this returns. Later calls do nothing. */
export type AbortConnect = (reason?: unknown) => void;

/** A timer of more milliseconds than this fires at once. */
const LONGEST_TIMER = 0x7fff_ffff;

/**
 * Opens a socket through an exit. For adapters, whose clients want a callback; others are better off with `openSocket`.
 *
 * One deadline runs over everything. It and the abort destroy the socket whatever it is doing. The callback never comes
 * before this has returned. TLS sessions are not kept: whoever passes `tls.session` sees to it that it comes from this exit.
 *
 * @param counts where the pool counts its sockets, as its `adapterHost` has it
 */
export function connectThrough(exit: Exit, to: Destination, callback: ConnectCallback, clock: Clock = systemClock, counts?: SocketCounts): AbortConnect {
  const attempt = new ConnectAttempt(exit, to, callback, clock, counts);
  attempt.begin();
  return (reason) => attempt.abort(reason);
}

class ConnectAttempt {
  readonly #exit: Exit;
  readonly #to: Destination;
  readonly #callback: ConnectCallback;
  readonly #clock: Clock;
  readonly #counts: SocketCounts | undefined;
  #phase: ConnectPhase = "tcp";
  /** From the wire up: TCP, TLS to the proxy, TLS to the target. */
  readonly #sockets: Socket[] = [];
  #timer: unknown;
  #forgetSignal: (() => void) | undefined;
  #done = false;

  constructor(exit: Exit, to: Destination, callback: ConnectCallback, clock: Clock, counts: SocketCounts | undefined) {
    this.#exit = exit;
    this.#to = to;
    this.#callback = callback;
    this.#clock = clock;
    this.#counts = counts;
  }

  begin(): void {
    this.#counts?.begins(this.#exit.kind);
    const { signal, timeoutMs } = this.#to;
    if (signal?.aborted) return this.#later(() => this.abort(signal.reason));
    let address: Address;
    let socket: Socket;
    const proxy = endpointOf(this.#exit);
    try {
      address = addressOf(this.#to);
      socket = net.connect(firstHop(this.#exit, proxy, this.#to, address));
    } catch (error) {
      return this.#later(() => this.#fail(error));
    }
    this.#timer = this.#clock.setTimeout(() => this.#onDeadline(), Math.min(timeoutMs, LONGEST_TIMER));
    if (signal !== undefined) this.#forgetSignal = onAbort(signal, () => this.abort(signal.reason));
    socket.setNoDelay(true);
    this.#watch(socket);
    socket.once("connect", () => {
      if (!leavesBy(socket, this.#exit)) return this.#fail(new ConnectError("EADDRNOTAVAIL", "tcp", `${this.#exit.id} is no address to leave by: the system chose ${socket.localAddress}.`));
      if (proxy === undefined) return this.#secure(socket);
      this.#phase = "handshake";
      if (proxy.protocol === "https") this.#layer(proxy.host, undefined, (secured) => this.#negotiate(secured, proxy, address));
      else this.#negotiate(socket, proxy, address);
    });
  }

  abort(reason: unknown): void {
    if (this.#done) return;
    this.#end("aborted", reason ?? Object.assign(new Error("The connection was given up."), { name: "AbortError", code: "ABORT_ERR" }));
  }

  #negotiate(socket: Socket, proxy: ProxyEndpoint, address: Address): void {
    const done = (error?: unknown): void => {
      if (this.#done) return;
      if (error === undefined) this.#secure(socket);
      else this.#fail(error);
    };
    switch (proxy.protocol) {
      case "socks5":
        return negotiateSocks5(socket, this.#exit.id, proxy, address, Math.min(this.#to.timeoutMs, LONGEST_TIMER), done);
      case "http":
      case "https":
        return negotiateTunnel(socket, this.#exit.id, proxy, address, done);
      default:
        throw new Error(`Unknown protocol ${String(proxy.protocol satisfies never)}.`);
    }
  }

  #secure(socket: Socket): void {
    const { servername, tls, host } = this.#to;
    if (servername === undefined && tls === undefined) return this.#end("opened", null, socket);
    this.#phase = "tls";
    // "" is how `node:https` says that there is no name to ask for: the host is an address.
    this.#layer(servername === undefined || servername === "" ? bare(host) : servername, tls, (secured) => this.#end("opened", null, secured));
  }

  /** One more TLS over the topmost socket, whose end is from now on told by the new one. */
  #layer(name: string, options: Destination["tls"], then: (secured: Socket) => void): void {
    const below = this.#sockets[this.#sockets.length - 1];
    let secured;
    try {
      secured = startTls(below, name, options);
    } catch (error) {
      return this.#fail(error);
    }
    below.removeListener("close", this.#onClose);
    this.#watch(secured);
    secured.once("secureConnect", () => {
      if (!this.#done) then(secured);
    });
  }

  #watch(socket: Socket): void {
    this.#sockets.push(socket);
    socket.on("error", this.#onError);
    socket.once("close", this.#onClose);
  }

  readonly #onError = (error: Error): void => this.#fail(error);

  readonly #onClose = (): void => this.#fail(new ConnectError("ECONNRESET", this.#phase, `${this.#name()} closed the connection (${this.#phase}).`));

  #onDeadline(): void {
    const message = `No connection through ${this.#exit.id} within ${this.#to.timeoutMs} ms (${this.#phase}).`;
    this.#fail(new ConnectError("ETIMEDOUT", this.#phase, message, { reason: "timeout" }));
  }

  #name(): string {
    return this.#exit.kind === "local" || this.#exit.kind === "direct" ? authority(addressOf(this.#to)) : this.#exit.id;
  }

  #fail(error: unknown): void {
    if (this.#done) return;
    markFailure(error, this.#phase, this.#exit);
    this.#end(this.#phase, error);
  }

  #end(result: ConnectResult, error: unknown, socket?: Socket): void {
    if (this.#done) return;
    this.#done = true;
    this.#counts?.ends(this.#exit.kind, result);
    if (this.#counts !== undefined) socket?.once("close", () => this.#counts?.closed(this.#exit.kind));
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#forgetSignal?.();
    for (const each of this.#sockets) {
      each.removeListener("close", this.#onClose);
      // A socket below TLS has nobody else to take its error; neither has one that we destroy.
      if (each !== socket) each.on("error", ignore);
      each.removeListener("error", this.#onError);
    }
    // From the top: TLS says goodbye over the socket below.
    if (socket === undefined) for (const each of this.#sockets.toReversed()) each.destroy();
    this.#callback(error, socket);
  }

  /** Callers, and `ClientRequest` with them, attach their listeners after they have been handed the request; got even some promises later. */
  #later(task: () => void): void {
    setImmediate(task);
  }
}

function firstHop(exit: Exit, proxy: ProxyEndpoint | undefined, to: Destination, address: Address): TcpSocketConnectOpts {
  if (proxy !== undefined) return { host: proxy.host, port: proxy.port, lookup: deferred(proxy.lookup) };
  switch (exit.kind) {
    case "direct":
      return { host: address.host, port: address.port, family: to.family, lookup: deferred(to.lookup) };
    case "local": {
      const family = net.isIP(exit.address ?? "");
      // Never unbound: the request would leave by the machine's own address.
      if (family === 0) throw Object.assign(new TypeError(`Exit ${exit.id} has no address to bind.`), { code: "ERR_INVALID_IP_ADDRESS" });
      // Without the family a name whose first address is of the other one fails with EINVAL: a bound socket tries one address only.
      return { host: address.host, port: address.port, localAddress: exit.address, family, lookup: deferred(to.lookup) };
    }
    case "socks5":
    case "http":
      throw new ConnectError("ERR_NO_ENDPOINT", "tcp", `It is not known how to reach the proxy ${exit.id}.`);
    default:
      throw new Error(`Unknown kind of exit ${String(exit.kind satisfies never)}.`);
  }
}

/** Wildcards and multicast addresses can be bound without an error, and then the system leaves by an address of its own choice. */
function leavesBy(socket: Socket, exit: Exit): boolean {
  if (exit.kind !== "local" || socket.localAddress === exit.address) return true;
  return net.isIPv6(exit.address ?? "") && canonical(socket.localAddress) === canonical(exit.address);
}

/** IPv6 has many spellings; the zone says which link, not which address. */
function canonical(address = "::"): string {
  return new net.SocketAddress({ family: "ipv6", address: address.split("%")[0] }).address;
}

/** A lookup that answers before it returns makes Node 20 throw where nobody can catch it. */
function deferred(lookup: LookupFunction | undefined): LookupFunction | undefined {
  if (lookup === undefined) return undefined;
  return (hostname, options, callback) => lookup(hostname, options, (...answer) => process.nextTick(callback, ...answer));
}

function bare(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}

function ignore(): void {}
