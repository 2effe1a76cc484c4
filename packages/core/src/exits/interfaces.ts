import { networkInterfaces } from "node:os";
import { parseAddress, scopeOf } from "./address.ts";
import type { Address, AddressScope } from "./address.ts";
import { contains, knownRange } from "./range.ts";

/** What `os.networkInterfaces()` answers. */
export type InterfaceTable = ReturnType<typeof networkInterfaces>;

/** An address that one of this machine's interfaces carries. Node lists only interfaces that are up and running, so a down one never shows. */
export interface OwnAddress {
  readonly address: Address;
  readonly scope: AddressScope;
  readonly interfaceName: string;
  readonly internal: boolean;
}

/**
 * Interfaces that lead to containers, virtual machines or nowhere, by the names that their makers give them.
 *
 * Not here, and so part of `"auto"`: `eth`, `en`, `wl`, `bond`, VLANs, `ppp`, plain bridges (`br0`, `br-lan` carry the
 * machine's own address when its port is enslaved to them), and tunnels (`tun`, `tap`, `wg`, `utun`): under a VPN that takes all
 * traffic theirs is the one address that works, and leaving it out would send past the VPN. Mesh overlays are left out: they
 * reach their own members only, and every request through one would hang.
 */
const VIRTUAL: readonly RegExp[] = [
  /^docker\d|^docker_gwbridge$|^br-[0-9a-f]{12}$|^veth|^podman\d|^cni|^nerdctl/, // container engines; br-<12 hex> are Docker's own networks
  /^flannel|^cali[0-9a-f]|^vxlan\.calico$|^tunl0$|^cilium|^lxc|^lxd|^incus|^weave|^kube-|^nodelocaldns$|^antrea|^ovn|^ovs-|^genev_sys/, // orchestrators
  /^virbr|^vnet\d|^vboxnet|^vmnet|^hassio$|^waydroid/, // virtual machines; macOS calls its guests' bridge bridge100 and up
  /^bridge1\d\d$|^awdl\d|^llw\d|^anpi\d/,
  /^vEthernet|^VirtualBox|^VMware|^Loopback/i, // Windows
  /^lo\d*$|^dummy|^ifb\d/, // loopback by whatever flag, and interfaces that lead nowhere
  /^tailscale|^zt[0-9a-z]{8}|^nebula|^wt\d|^ZeroTier|^Tailscale/, // mesh overlays
];

// macOS calls every tunnel utun<n>; Tailscale's are known by its addresses (https://tailscale.com/kb/1015/100.x-addresses).
const MESH_TUNNEL = /^utun\d/;
const MESH_RANGES = ["100.64.0.0/10", "fd7a:115c:a1e0::/48"].map(knownRange);

/** Every address of this machine, in the order of its interfaces. `undefined`: the system refuses to say. */
export function ownAddresses(read: () => InterfaceTable = networkInterfaces): OwnAddress[] | undefined {
  let table: InterfaceTable;
  try {
    table = read();
  } catch {
    return undefined; // Android and some sandboxes forbid the system call.
  }
  const own: OwnAddress[] = [];
  for (const [interfaceName, entries] of Object.entries(table)) {
    for (const entry of entries ?? []) {
      const address = parseAddress(entry.address.replace(/%.*$/, ""));
      if (address !== undefined) own.push({ address, scope: scopeOf(address), interfaceName, internal: entry.internal });
    }
  }
  return own;
}

/** Those that `"auto"` stands for: of real interfaces, without loopback and link-local ones. */
export function autoAddresses(own: readonly OwnAddress[]): OwnAddress[] {
  return own.filter(
    ({ address, scope, interfaceName, internal }) =>
      !internal &&
      (scope === "other" || scope === "private") &&
      !isVirtualInterface(interfaceName) &&
      !(MESH_TUNNEL.test(interfaceName) && MESH_RANGES.some((range) => contains(range, address))),
  );
}

export function isVirtualInterface(name: string): boolean {
  return VIRTUAL.some((pattern) => pattern.test(name));
}

/** The addresses of one interface, its aliases (`eth0:1`) included, without those that need a zone id. */
export function addressesOfInterface(own: readonly OwnAddress[], name: string): OwnAddress[] {
  return own.filter(({ address, scope, interfaceName }) => (interfaceName === name || interfaceName.startsWith(`${name}:`)) && !(scope === "link-local" && address.family === 6));
}
