import assert from "node:assert/strict";
import test from "node:test";
import { readProxies } from "../../../src/exits/proxy-exits.ts";
import type { ListedProxy } from "../../../src/exits/sources/listed-proxy.ts";
import { mergeLists } from "../../../src/exits/sources/merge-lists.ts";

const listed = (publicSource: boolean, ...lines: string[]): ListedProxy[] => readProxies(lines).proxies.map((named) => ({ ...named, publicSource }));

test("a proxy of several lists is one, in the place of its first line", async () => {
  const { listed: all, repeated } = await mergeLists([listed(false, "http://a:1", "http://b:1"), [], listed(false, "socks5://a:1", "http://b:1", "http://c:1"), listed(false, "http://a:1")]);
  assert.deepEqual(all.map(({ id }) => id), ["http://a:1", "http://b:1", "socks5://a:1", "http://c:1"]);
  assert.equal(repeated.size, 0);
});

test("of two passwords the later list's is taken, but never a public list's instead of one's own", async () => {
  const own = listed(false, "http://u:own@a:1");
  const later = listed(false, "http://u:later@a:1");
  const foreign = listed(true, "http://u:foreign@a:1");
  const otherForeign = listed(true, "http://u:other@a:1");
  const cases: [ListedProxy[][], string, boolean][] = [
    [[own, later], "later", false],
    [[own, foreign], "own", false],
    [[foreign, own], "own", false],
    [[foreign, otherForeign], "other", true],
    [[foreign, own, otherForeign], "own", false],
  ];
  for (const [lists, password, publicSource] of cases) {
    const { listed: all, repeated } = await mergeLists(lists);
    assert.deepEqual(all.map((each) => [each.proxy.password, each.publicSource]), [[password, publicSource]]);
    assert.equal(repeated.size, 1);
  }
  assert.equal(own[0].proxy.password, "own", "the lists themselves stay as they are");
});

test("a single list is taken as it is, and none is an empty one", async () => {
  const list = listed(true, "http://a:1");
  assert.equal((await mergeLists([[], list])).listed, list);
  assert.deepEqual((await mergeLists([])).listed, []);
});

test("the order of forty thousand proxies survives the turns in between", async () => {
  const many = Array.from({ length: 20_000 }, (_, index) => `http://1.2.${index >> 8}.${index & 255}:1`);
  const others = many.map((line) => line.replace("1.2.", "1.3."));
  const { listed: all } = await mergeLists([listed(false, ...many), listed(false, ...others), listed(false, ...many)]);
  assert.deepEqual(all.map(({ id }) => id), [...many, ...others].map((line) => line.replace(/:1$/, ":1")));
});
