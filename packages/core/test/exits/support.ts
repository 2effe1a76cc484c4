import type { NetworkInterfaceInfo } from "node:os";
import type { BindCheck } from "../../src/exits/bind-check.ts";
import type { InterfaceTable } from "../../src/exits/interfaces.ts";

/** An interface table as `os.networkInterfaces()` answers it: `{ eth0: ["192.0.2.10", "fe80::1"] }`. */
export function interfaceTable(addresses: Record<string, string[]>): InterfaceTable {
  const entries = Object.entries(addresses).map(([name, list]) => [name, list.map((address) => entryOf(name, address))]);
  return Object.fromEntries(entries) as InterfaceTable;
}

function entryOf(name: string, address: string): NetworkInterfaceInfo {
  const common = { address, mac: "02:00:00:00:00:01", internal: name === "lo", cidr: null };
  return address.includes(":")
    ? { ...common, family: "IPv6", netmask: "ffff:ffff:ffff:ffff::", scopeid: address.startsWith("fe80") ? 2 : 0 }
    : { ...common, family: "IPv4", netmask: "255.255.255.0" };
}

/** A bind that succeeds for all addresses but these. */
export function bindsAllBut(refused: Record<string, string> = {}): BindCheck & { readonly asked: string[] } {
  const asked: string[] = [];
  const check = async (address: string) => {
    asked.push(address);
    const reason = refused[address];
    return reason === undefined ? undefined : { absent: reason.startsWith("EADDRNOTAVAIL"), reason };
  };
  return Object.assign(check, { asked });
}
