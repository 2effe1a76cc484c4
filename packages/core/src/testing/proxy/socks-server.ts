import ipaddr from "ipaddr.js";
import type { Peer } from "./peer.ts";
import { startProxy } from "./proxy-server.ts";
import type { Outside, Protocol, ProxyServer, ProxyServerOptions } from "./proxy-server.ts";
import type { CommonFault } from "./faults.ts";
import { SOCKS_LIES } from "./socks-lies.ts";
import type { Lie, SocksLie } from "./socks-lies.ts";

export type SocksFault =
  | CommonFault
  /** Chooses a method of logging in, and is silent from then on. */
  | { readonly kind: "hang-handshake" }
  /** Refuses every destination with this reply code: 1 general failure, 2 not allowed, 3 network, 4 host, 5 refused, 6 TTL, 7 command, 8 address type. */
  | { readonly kind: "reply"; readonly code: number }
  /** Says something that no honest server says. */
  | { readonly kind: "lie"; readonly lie: SocksLie };

export type SocksServerOptions = ProxyServerOptions<SocksFault>;
export type SocksServer = ProxyServer<SocksFault>;

const VERSION = 5;
const NO_LOGIN = 0;
const PASSWORD = 2;
const NONE_ACCEPTABLE = 0xff;
const LOGIN_VERSION = 1;

/** A SOCKS5 server (RFC 1928, CONNECT only, with RFC 1929 logins) on loopback. */
export function startSocksServer(options: SocksServerOptions = {}): Promise<SocksServer> {
  const protocol: Protocol<SocksFault> = { scheme: "socks5", serve };
  return startProxy(protocol, options);
}

async function serve(peer: Peer, fault: SocksFault, outside: Outside): Promise<void> {
  const lie: Lie | undefined = fault.kind === "lie" ? SOCKS_LIES[fault.lie] : undefined;
  const [version, methodCount] = await peer.reader.take(2);
  if (version !== VERSION) return peer.destroy();
  const methods = await peer.reader.take(methodCount);
  if (lie?.stage === "greeting") return tell(peer, lie);

  const login = outside.credentials !== undefined || fault.kind === "auth" || fault.kind === "bad-auth" || lie?.stage === "login";
  const method = login ? PASSWORD : NO_LOGIN;
  if (!methods.includes(method)) return refuse(peer, [VERSION, NONE_ACCEPTABLE]);
  await peer.say(Uint8Array.of(VERSION, method));
  if (fault.kind === "hang-handshake") return peer.hang();

  if (login) {
    const accepted = await readLogin(peer, outside);
    if (lie?.stage === "login") return tell(peer, lie);
    if (!accepted || fault.kind === "bad-auth") return refuse(peer, [LOGIN_VERSION, 1]);
    await peer.say(Uint8Array.of(LOGIN_VERSION, 0));
  }
  await serveRequest(peer, fault, outside, lie);
}

async function serveRequest(peer: Peer, fault: SocksFault, outside: Outside, lie: Lie | undefined): Promise<void> {
  const [version, command, , addressType] = await peer.reader.take(4);
  if (version !== VERSION) return peer.destroy();
  const host = await readHost(peer, addressType);
  if (host === undefined) return refuse(peer, reply(8));
  const port = (await peer.reader.take(2)).readUInt16BE(0);
  peer.books.destinations.push({ host, port, named: addressType === 3, connection: peer.connection });

  if (command !== 1) return refuse(peer, reply(7));
  if (fault.kind === "hang-connect") return peer.hang();
  if (fault.kind === "reply") return refuse(peer, reply(fault.code));
  if (lie !== undefined && lie.then !== "tunnel") return tell(peer, lie);
  if (fault.kind === "hang-tls") {
    await peer.say(Uint8Array.from(reply(0)));
    return peer.hang();
  }

  let upstream;
  try {
    upstream = await outside.connect(host, port);
  } catch (error) {
    return refuse(peer, reply(replyCode(error)));
  }
  const honest = Buffer.from(reply(0));
  const answer = lie !== undefined ? Buffer.from(lie.bytes as number[]) : fault.kind === "early" ? Buffer.concat([honest, Buffer.from(fault.bytes)]) : honest;
  await peer.say(answer);
  peer.tunnel(upstream, fault);
}

async function readLogin(peer: Peer, { credentials }: Outside): Promise<boolean> {
  const [, userLength] = await peer.reader.take(2);
  const username = (await peer.reader.take(userLength)).toString();
  const [passwordLength] = await peer.reader.take(1);
  const password = (await peer.reader.take(passwordLength)).toString();
  peer.books.users.push(username);
  return credentials === undefined || (credentials.username === username && credentials.password === password);
}

async function readHost(peer: Peer, addressType: number): Promise<string | undefined> {
  if (addressType === 1) return (await peer.reader.take(4)).join(".");
  if (addressType === 4) return ipaddr.fromByteArray([...(await peer.reader.take(16))]).toString();
  if (addressType !== 3) return undefined;
  const [length] = await peer.reader.take(1);
  return (await peer.reader.take(length)).toString("latin1");
}

async function tell(peer: Peer, lie: Lie): Promise<void> {
  const bytes = typeof lie.bytes === "string" ? Buffer.from(lie.bytes, "latin1") : Uint8Array.from(lie.bytes);
  if (bytes.length > 0) await peer.say(bytes);
  switch (lie.then) {
    case "end": return peer.end();
    case "reset": return peer.reset();
    case "flood": return peer.flood();
    case "silence": return peer.hang();
    case "tunnel": throw new Error("An honest tunnel is opened before the reply.");
    default: return lie.then satisfies never;
  }
}

async function refuse(peer: Peer, bytes: readonly number[]): Promise<void> {
  await peer.say(Uint8Array.from(bytes));
  peer.end();
}

function reply(code: number): number[] {
  return [VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0];
}

function replyCode(error: unknown): number {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ECONNREFUSED": return 5;
    case "ENETUNREACH": return 3;
    case "EHOSTUNREACH":
    case "ETIMEDOUT":
    case "ENOTFOUND": return 4;
    default: return 1;
  }
}
