import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { judgeList } from "../../../src/exits/sources/judge-list.ts";
import type { Trouble } from "../../../src/exits/sources/judge-list.ts";
import type { ListContent } from "../../../src/exits/sources/list-intake.ts";
import type { ListedProxy } from "../../../src/exits/sources/listed-proxy.ts";

function content(proxies: number, refused = 0, cut?: string): ListContent {
  return { proxies: new Array<ListedProxy>(proxies), lines: proxies + refused, refused, repeated: 0, ...(refused > 0 ? { sample: "line 1" } : {}), ...(cut === undefined ? {} : { cut }) };
}

const CASES: { title: string; read: ListContent; kept: number; failure?: string; wasShrunk?: boolean; take: boolean; trouble?: Trouble["kind"] }[] = [
  { title: "the first list", read: content(100), kept: 0, take: true },
  { title: "another list", read: content(11), kept: 100, take: true },
  { title: "a list that is nine tenths smaller", read: content(10), kept: 100, take: false, trouble: "shrunk" },
  { title: "the same, said for the second time in a row", read: content(10), kept: 100, wasShrunk: true, take: true },
  { title: "one proxy of ten", read: content(1), kept: 10, take: false, trouble: "shrunk" },
  { title: "one proxy of nine", read: content(1), kept: 9, take: true },
  { title: "nothing, of nothing", read: content(0), kept: 0, take: false, trouble: "empty" },
  { title: "nothing, however often", read: content(0), kept: 5, wasShrunk: true, take: false, trouble: "empty" },
  { title: "a page in which one of 101 lines looks like a proxy", read: content(1, 100), kept: 0, take: false, trouble: "page" },
  { title: "a list in which one of 100 lines is good", read: content(1, 99), kept: 0, take: true },
  { title: "a page without any proxy", read: content(0, 1), kept: 0, take: false, trouble: "page" },
  { title: "a page that comes twice", read: content(0, 40), kept: 100, wasShrunk: true, take: false, trouble: "page" },
  { title: "no answer", read: content(0), kept: 100, failure: "ECONNREFUSED", take: false, trouble: "failed" },
  { title: "the beginning of a list, where nothing is known", read: content(50), kept: 0, failure: "aborted", take: true, trouble: "failed" },
  { title: "the beginning of a list that is as long as the old one", read: content(50), kept: 50, failure: "aborted", take: true, trouble: "failed" },
  { title: "the beginning of a list that is shorter than the old one", read: content(50), kept: 51, failure: "aborted", take: false, trouble: "failed" },
  { title: "the beginning of a page", read: content(1, 200), kept: 0, failure: "aborted", take: false, trouble: "failed" },
  { title: "a list that is too long", read: content(500, 0, "longer than 32 MB"), kept: 10, take: true, trouble: "cut" },
];

for (const { title, read, kept, failure, wasShrunk = false, take, trouble } of CASES) {
  test(`${title} is ${take ? "taken" : "not taken"}${trouble === undefined ? "" : `, and called ${trouble}`}`, () => {
    const judged = judgeList(read, kept, failure, wasShrunk);
    assert.equal(judged.take, take);
    assert.equal(judged.trouble?.kind, trouble);
  });
}

test("no single answer leaves less than a tenth of what was known", () => {
  const nat = fc.nat({ max: 3_000 });
  fc.assert(
    fc.property(nat, nat, nat, fc.option(fc.constant("ECONNRESET"), { nil: undefined }), (proxies, refused, kept, failure) => {
      const { take, trouble } = judgeList(content(proxies, refused), kept, failure, false);
      if (take) assert.ok(proxies > kept / 10);
      else assert.ok(trouble !== undefined);
    }),
  );
});
