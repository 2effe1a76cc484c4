import assert from "node:assert/strict";
import test from "node:test";
import { addressesOfInterface, autoAddresses, isVirtualInterface, ownAddresses } from "../../src/exits/interfaces.ts";
import { interfaceTable } from "./support.ts";

const textsOf = (list: { address: { text: string } }[]): string[] => list.map(({ address }) => address.text);

test("auto means the addresses of real interfaces, without loopback, link-local and container ones", () => {
  const own = ownAddresses(() =>
    interfaceTable({
      lo: ["127.0.0.1", "::1"],
      eth0: ["203.0.113.5", "2001:db8:0:0::5", "fe80::5"],
      "eth0:1": ["203.0.113.6"],
      wlan0: ["169.254.3.4"],
      "br-0a1b2c3d4e5f": ["172.18.0.1"],
      docker0: ["172.17.0.1"],
      br0: ["192.168.1.2"],
      tun0: ["10.8.0.2"],
      tailscale0: ["100.101.102.103"],
      utun3: ["100.101.102.104", "fd7a:115c:a1e0::1"],
      utun4: ["10.9.0.2"],
    }),
  )!;

  assert.deepEqual(textsOf(autoAddresses(own)), ["203.0.113.5", "2001:db8::5", "203.0.113.6", "192.168.1.2", "10.8.0.2", "10.9.0.2"]);
});

test("interfaces of containers and virtual machines are known by name, and real ones are not taken for them", () => {
  const virtual = ["docker0", "docker_gwbridge", "br-0123456789ab", "veth12ab", "cni0", "cni-podman0", "podman1", "flannel.1", "cali1234567", "cilium_host", "virbr0", "vnet3", "vboxnet0", "vmnet8", "lxcbr0", "lxdbr0", "kube-ipvs0", "dummy0", "bridge100", "vEthernet (WSL)", "VirtualBox Host-Only Network"];
  for (const name of virtual) assert.ok(isVirtualInterface(name), name);

  const real = ["eth0", "eth0:1", "eth0.100", "ens5", "enp0s31f6", "eno1", "wlan0", "wlp2s0", "bond0", "team0", "br0", "br-lan", "ppp0", "tun0", "tap0", "wg0", "utun4", "wwan0", "venet0", "en0", "bridge0", "Ethernet 2", "Wi-Fi"];
  for (const name of real) assert.ok(!isVirtualInterface(name), name);
});

test("an interface stands for its aliases too, and not for one whose name begins alike", () => {
  const own = ownAddresses(() => interfaceTable({ eth1: ["192.0.2.1", "fe80::1"], "eth1:0": ["192.0.2.2"], eth10: ["192.0.2.3"] }))!;

  assert.deepEqual(textsOf(addressesOfInterface(own, "eth1")), ["192.0.2.1", "192.0.2.2"]);
  assert.deepEqual(textsOf(addressesOfInterface(own, "eth1:0")), ["192.0.2.2"]);
  assert.deepEqual(textsOf(addressesOfInterface(own, "eth9")), []);
});

test("a system that refuses to tell its addresses is no reason to throw", () => {
  const refusing = (): never => {
    throw new Error("uv_interface_addresses returned Unknown system error 13");
  };
  assert.equal(ownAddresses(refusing), undefined);
});

test("this machine has a loopback address, and auto leaves it out", () => {
  const own = ownAddresses()!;
  assert.ok(textsOf(own).includes("127.0.0.1"));
  assert.ok(!textsOf(autoAddresses(own)).some((text) => text.startsWith("127.") || text === "::1"));
});
