/** A destination that a client asked a proxy for. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  /** It came as a name, to be resolved by the proxy; `false`: as an address. */
  readonly named: boolean;
  /** The connection that asked, counted from 0. */
  readonly connection: number;
}

/** What a proxy saw. */
export interface ProxyBooks {
  /** Connections accepted. */
  accepted: number;
  /** Of these, open now. */
  open: number;
  /** The most that were ever open together. */
  highWater: number;
  /** Tunnels that stood. */
  tunnels: number;
  /** In the order of asking. */
  destinations: Destination[];
  /** Users that logged in, or tried to. Never a password. */
  users: string[];
  /** Bytes of tunnels, from clients to destinations. */
  bytesUp: number;
  /** Bytes of tunnels that came from destinations. */
  bytesDown: number;
}

export function emptyBooks(open = 0): ProxyBooks {
  return { accepted: 0, open, highWater: open, tunnels: 0, destinations: [], users: [], bytesUp: 0, bytesDown: 0 };
}
