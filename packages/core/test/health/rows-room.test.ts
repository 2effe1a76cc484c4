import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE_EXITS, Rows } from "../../src/health/rows.ts";

test("room made at once is the room that grows bit by bit, and what was there stays", () => {
  const exits = 3 * PAGE_EXITS + 100;
  const rows = new Rows(2);
  const marked = [0, 5, PAGE_EXITS + 7];
  for (const exit of marked) rows.open(exit).u32[rows.offset(exit) + 1] = exit + 1;
  rows.makeRoom(exits);
  const room = rows.exits;
  for (let exit = 0; exit < exits; exit++) {
    const { u32, f32 } = rows.open(exit);
    const at = rows.offset(exit);
    assert.equal(u32[at + 1], marked.includes(exit) ? exit + 1 : 0);
    u32[at] = exit + 1;
    // Both views are of the same place.
    assert.equal(new Uint32Array(new Float32Array([f32[at]]).buffer)[0], exit + 1);
  }
  for (let exit = 0; exit < exits; exit++) assert.equal(rows.open(exit).u32[rows.offset(exit)], exit + 1, "no two of them share a place");
  assert.equal(rows.exits, room, "nothing had to grow");
  assert.ok(room >= exits && room < exits + PAGE_EXITS);
  rows.makeRoom(exits);
  assert.equal(rows.exits, room);
});
