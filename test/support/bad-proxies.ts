import { closedPort, SOCKS_LIES, startSocksServer } from "@multihome/core/testing";
import type { SocksFault, SocksLie, SocksServer, SocksServerOptions } from "@multihome/core/testing";

/** Lies behind which there is an honest tunnel after all. */
const HONEST: readonly SocksLie[] = ["bound-to-ipv6", "bound-to-name"];

/** Everything that a free proxy has been seen to do instead of its work; "closed": nothing listens there. */
export const FAULTS: readonly (SocksFault | "closed")[] = [
  "closed",
  { kind: "refuse" },
  { kind: "reset" },
  { kind: "hang" },
  { kind: "hang-handshake" },
  { kind: "hang-connect" },
  { kind: "hang-tls" },
  { kind: "auth" },
  { kind: "bad-auth" },
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((code) => ({ kind: "reply", code }) as const),
  ...(Object.keys(SOCKS_LIES) as SocksLie[]).filter((lie) => !HONEST.includes(lie)).map((lie) => ({ kind: "lie", lie }) as const),
  { kind: "drip", everyMs: 50 },
  { kind: "slow", latencyMs: 6_000 },
  ...[0, 30, 800, 4_000].flatMap((afterBytes) => [{ kind: "cut", afterBytes } as const, { kind: "cut", afterBytes, how: "reset" } as const]),
  { kind: "early", bytes: "\x16\x03garbage\r\n\r\n" },
  { kind: "early", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged" },
];

/** What the honest ones do: at once, late, with a login, with a bound address of another kind. */
const WORKING: readonly SocksServerOptions[] = [
  {},
  { latencyMs: 5, jitterMs: 20 },
  { username: "user", password: "p@ss:w/rd%" },
  ...HONEST.map((lie): SocksServerOptions => ({ fault: { kind: "lie", lie } })),
];

export interface ProxyFarm {
  /** Working and broken ones, mixed. */
  readonly urls: readonly string[];
  /** What a target sees of each exit, by the exit's id without its user. Some of the broken ones do their work now and then. */
  readonly egressOf: ReadonlyMap<string, string>;
  /** Connections to the proxies that are open, by what is wrong with the proxy. */
  readonly open: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** SOCKS5 servers on loopback of which `working` do their work; the others have every fault in turn. */
export async function startFarm(options: { size: number; working: number; hosts: Readonly<Record<string, string>> }): Promise<ProxyFarm> {
  const servers: SocksServer[] = [];
  const urls: string[] = [];
  const egressOf = new Map<string, string>();
  const faultOf = new Map<SocksServer, string>();
  let working = 0;
  for (let index = 0; index < options.size; index++) {
    const egress = `127.0.${30 + (index >> 8)}.${(index & 255) + 1}`;
    // Spread evenly: rounding carries over from one to the next.
    const works = Math.floor(((index + 1) * options.working) / options.size) > Math.floor((index * options.working) / options.size);
    const fault = FAULTS[(index - working) % FAULTS.length];
    if (!works && fault === "closed") {
      urls.push(`socks5://127.0.0.1:${await closedPort()}`);
      continue;
    }
    const server = await startSocksServer({ hosts: options.hosts, egress, ...(works ? WORKING[working % WORKING.length] : { fault: fault as SocksFault }) });
    servers.push(server);
    urls.push(server.url);
    egressOf.set(`socks5://127.0.0.1:${server.port}`, egress);
    faultOf.set(server, works ? "none" : JSON.stringify(fault));
    if (works) working++;
  }
  return {
    urls,
    egressOf,
    get open() {
      const open: Record<string, number> = {};
      for (const [server, fault] of faultOf) if (server.books().open > 0) open[fault] = (open[fault] ?? 0) + server.books().open;
      return open;
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}
