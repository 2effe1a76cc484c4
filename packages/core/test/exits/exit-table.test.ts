import assert from "node:assert/strict";
import { test } from "node:test";
import { ExitTable } from "../../src/exits/exit-table.ts";
import type { Exit } from "../../src/index.ts";

function proxy(name: string): Exit {
  return { id: `socks5://${name}:1080`, kind: "socks5" };
}

function own(table: ExitTable, exit: Exit): number {
  return table.add(exit, exit.id);
}

test("a removed exit is unknown, counts no longer, and its index goes to the next one", () => {
  const table = new ExitTable();
  const [a, b] = [own(table, proxy("a")), own(table, proxy("b"))];
  const told: (string | undefined)[] = [];
  table.onRemove.add((exit) => told.push(table.exits[exit]?.id));

  table.remove(a);
  table.remove(a);

  assert.deepEqual({ told, size: table.size, length: table.length, proxies: table.proxies, known: table.indexOf("socks5://a:1080") }, { told: ["socks5://a:1080"], size: 1, length: 2, proxies: 1, known: undefined });
  assert.equal(table.exits[a], undefined);
  assert.equal(own(table, { id: "127.0.0.1", kind: "local", address: "127.0.0.1" }), a);
  assert.deepEqual({ locals: table.locals, proxy: Boolean(table.isProxy[a]), key: table.egressKey(table.egress[a]) }, { locals: 1, proxy: false, key: "127.0.0.1" });
  assert.equal(own(table, proxy("c")), b + 1);
});

test("exits with one key are one egress, whoever came first, and stay it until the last is gone", () => {
  const table = new ExitTable();
  const a = own(table, proxy("a"));
  const first = table.add(proxy("first"), "nat");
  const second = table.add(proxy("second"), "nat");
  // Its key is the id of another exit: they are one to the target.
  const shadow = table.add(proxy("shadow"), "socks5://a:1080");

  assert.equal(table.egress[first], table.egress[second]);
  assert.equal(table.egress[a], table.egress[shadow]);
  assert.deepEqual([...table.membersOf(table.egress[second])], [first, second]);
  assert.deepEqual([...table.membersOf(table.egress[a])], [a, shadow]);
  assert.equal(table.egressKey(table.egress[second]), "nat");
  assert.equal(table.egressKey(table.egress[shadow]), "socks5://a:1080");

  table.remove(first);
  const next = own(table, proxy("next"));
  assert.notEqual(next, first, "the egress still has its index");
  assert.deepEqual([...table.membersOf(table.egress[second])], [second]);
  assert.equal(table.egressKey(table.egress[second]), "nat");
  assert.equal(table.egress[next], next);

  table.remove(second);
  assert.deepEqual([own(table, proxy("d")), own(table, proxy("e"))].sort(), [first, second]);
  assert.equal(table.egress[table.add(proxy("f"), "nat")], table.length - 1);
});

test("ten thousand lists of a hundred other exits each leave room for a hundred", () => {
  const table = new ExitTable();
  for (let round = 0; round < 10_000; round++) {
    for (let exit = 0; exit < 100; exit++) own(table, proxy(`r${round}-${exit}`));
    assert.equal(table.size, 100);
    for (let exit = 0; exit < 100; exit++) table.remove(exit);
  }
  assert.deepEqual({ length: table.length, size: table.size, columns: table.inFlight.length < 120 }, { length: 100, size: 0, columns: true });
});
