import type { ProxyEndpoint } from "../connect/endpoints.ts";

export type ProxyProtocol = ProxyEndpoint["protocol"];

/** A proxy that a line names. It may hold a password: hand it to the connect room and nowhere else. */
export interface ParsedProxy extends ProxyEndpoint {
  readonly kind: "proxy";
  /** Was the host given as an address? */
  readonly isAddress: boolean;
  /** `scheme://host:port`, canonical: what its exit's id begins with. */
  readonly place: string;
}

/** One shape for all, so that reading 20,000 of them stays monomorphic. */
export function parsedProxy(protocol: ProxyProtocol, host: string, port: number, isAddress: boolean, place: string, username?: string, password?: string): ParsedProxy {
  return { kind: "proxy", protocol, host, port, username, password, isAddress, place };
}
