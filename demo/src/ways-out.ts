import { once } from "node:events";
import { createServer } from "node:net";
import { closedPort, startSocksServer } from "@multihome/core/testing";
import type { SocksServer } from "@multihome/core/testing";

/** What the pool is given to leave by. */
export interface WaysOut {
  /** Of this machine's own addresses, those that the exchange can tell apart. */
  readonly local: readonly string[];
  /** By name, for the report: URLs of SOCKS5 proxies. */
  readonly proxies: Readonly<Record<"healthy" | "slow" | "flaky" | "dead", string>>;
  /** False where every proxy leaves by the same address: there is no second one to leave by. */
  readonly proxiesHaveAddresses: boolean;
  close(): Promise<void>;
}

const LOCAL_COUNT = 20;
const SLOW = { kind: "slow", latencyMs: 150, jitterMs: 150 } as const;
/** How often the flaky proxy drops all that it carries, in milliseconds. */
const DROP_EVERY_MS = 700;

/** Twenty loopback addresses where they can be bound, and four SOCKS5 proxies of which only one is as it should be. */
export async function openWaysOut(): Promise<WaysOut> {
  const wanted = Array.from({ length: LOCAL_COUNT }, (_, index) => `127.0.1.${index + 1}`);
  const local = (await Promise.all(wanted.map(async (address) => ((await canBind(address)) ? [address] : [])))).flat();
  const egress = (number: number): { egress?: string } => (local.length > 0 ? { egress: `127.0.2.${number}` } : {});

  const servers: SocksServer[] = await Promise.all([
    startSocksServer(egress(1)),
    startSocksServer({ ...egress(2), fault: SLOW }),
    // Every other connection is reset before it can say a word.
    startSocksServer({ ...egress(3), fault: (connection) => (connection % 2 === 0 ? "reset" : "ok") }),
  ]);
  const [healthy, slow, flaky] = servers;
  const dropping = setInterval(() => flaky.dropConnections(), DROP_EVERY_MS);
  return {
    local,
    proxies: { healthy: healthy.url, slow: slow.url, flaky: flaky.url, dead: `socks5://127.0.0.1:${await closedPort()}` },
    proxiesHaveAddresses: local.length > 0,
    async close() {
      clearInterval(dropping);
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

/** Linux has all of 127.0.0.0/8; elsewhere only 127.0.0.1 is there unless somebody adds more. */
async function canBind(address: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(0, address);
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
