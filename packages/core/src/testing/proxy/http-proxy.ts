import type { ServerTls } from "../certificates.ts";
import type { CommonFault } from "./faults.ts";
import { HTTP_PROXY_LIES } from "./http-lies.ts";
import type { HttpProxyLie } from "./http-lies.ts";
import type { Peer } from "./peer.ts";
import { startProxy } from "./proxy-server.ts";
import type { Outside, Protocol, ProxyServer, ProxyServerOptions } from "./proxy-server.ts";

export type HttpProxyFault =
  | CommonFault
  /** Answers every CONNECT with this status: 502, 503, 403, … */
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | { readonly kind: "lie"; readonly lie: HttpProxyLie };

export interface HttpProxyOptions extends ProxyServerOptions<HttpProxyFault> {
  /** PEM texts: the proxy itself is spoken to over TLS (`https://` proxies). */
  tls?: ServerTls;
}
export type HttpProxy = ProxyServer<HttpProxyFault>;

/** An HTTP proxy on loopback that knows CONNECT (RFC 9110, section 9.3.6) and nothing else. */
export function startHttpProxy(options: HttpProxyOptions = {}): Promise<HttpProxy> {
  const tls = options.tls === undefined ? {} : { tls: options.tls };
  const protocol: Protocol<HttpProxyFault> = { scheme: options.tls === undefined ? "http" : "https", ...tls, serve };
  return startProxy(protocol, options);
}

async function serve(peer: Peer, fault: HttpProxyFault, outside: Outside): Promise<void> {
  const head = (await peer.reader.takeThrough("\r\n\r\n")).toString("latin1");
  const request = /^CONNECT (\[[^\]]+\]|[^\s:]+):(\d{1,5}) HTTP\/1\.[01]\r\n/.exec(head);
  if (request === null) return answer(peer, 405, { allow: "CONNECT" });
  const host = request[1].replace(/^\[(.*)\]$/, "$1");
  const port = Number(request[2]);
  const named = !/^[\d.]+$|:/.test(host);
  peer.books.destinations.push({ host, port, named, connection: peer.connection });

  if (!logIn(peer, head, fault, outside)) return answer(peer, 407, { "proxy-authenticate": 'Basic realm="proxy"' });
  if (fault.kind === "hang-connect") return peer.hang();
  if (fault.kind === "status") return answer(peer, fault.status, fault.headers, fault.body);
  if (fault.kind === "lie") return tell(peer, fault.lie);
  const established = Buffer.from("HTTP/1.1 200 Connection established\r\n\r\n");
  if (fault.kind === "hang-tls") {
    await peer.say(established);
    return peer.hang();
  }

  let upstream;
  try {
    upstream = await outside.connect(host, port);
  } catch (error) {
    return answer(peer, 502, {}, String((error as NodeJS.ErrnoException).code));
  }
  await peer.say(fault.kind === "early" ? Buffer.concat([established, Buffer.from(fault.bytes)]) : established);
  peer.tunnel(upstream, fault);
}

function logIn(peer: Peer, head: string, fault: HttpProxyFault, { credentials }: Outside): boolean {
  const basic = /^proxy-authorization: *basic +([A-Za-z0-9+/=]+) *\r$/im.exec(head);
  const [, username, password] = basic === null ? [] : (/^([^:]*):(.*)$/s.exec(Buffer.from(basic[1], "base64").toString()) ?? []);
  if (username !== undefined) peer.books.users.push(username);
  if (fault.kind === "bad-auth") return false;
  if (credentials !== undefined) return credentials.username === username && credentials.password === password;
  return fault.kind !== "auth" || username !== undefined;
}

async function answer(peer: Peer, status: number, headers: Readonly<Record<string, string>> = {}, body = ""): Promise<void> {
  const lines = Object.entries({ ...headers, "content-length": String(Buffer.byteLength(body)), connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`);
  await peer.say(Buffer.from(`HTTP/1.1 ${status} Refused\r\n${lines.join("")}\r\n${body}`));
  peer.end();
}

async function tell(peer: Peer, name: HttpProxyLie): Promise<void> {
  const lie = HTTP_PROXY_LIES[name];
  await peer.say(Buffer.from(lie.bytes, "latin1"));
  switch (lie.then) {
    case "end": return peer.end();
    case "reset": return peer.reset();
    case "flood": return peer.flood();
    case "silence": return peer.hang();
    default: return lie satisfies never;
  }
}
