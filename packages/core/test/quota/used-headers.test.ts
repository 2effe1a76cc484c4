import assert from "node:assert/strict";
import { test } from "node:test";
import { parseUsed, usedHeaderNames, UsedHeaders } from "../../src/quota/used-headers.ts";

test("only plain digits are a figure, the largest where several were joined", () => {
  const cases: [string | undefined, number | undefined][] = [
    ["0", 0], ["5999", 5_999], ["5999, 10", 5_999], ["10,5999", 5_999], ["7, x, 9", 9],
    [undefined, undefined], ["", undefined], ["-5", undefined], ["NaN", undefined], ["1e309", undefined], ["0x10", undefined], ["12abc", undefined], ["1.5", undefined],
    ["9".repeat(100_000), undefined], ["60001", undefined], ["60000", 60_000], ["60001, 4", 4],
  ];
  for (const [value, figure] of cases) assert.equal(parseUsed(value, 6_000), figure, String(value).slice(0, 20));
});

test("a header belongs to the limit of its unit and span, or to the only limit of that unit", () => {
  assert.deepEqual(usedHeaderNames("order", 10_000, false), ["x-mbx-order-count-10s"]);
  assert.deepEqual(usedHeaderNames("weight", 1_500, false), []);
  assert.equal(usedHeaderNames("weight", 60_000, true)[0], "x-mbx-used-weight-1m");
  assert.ok(usedHeaderNames("weight", 1_500, true).includes("x-mbx-used-weight"));
  assert.deepEqual(usedHeaderNames("connection", 60_000, true), []);
});

test("a server without such headers is soon asked for them no more than now and then", () => {
  const headers = new UsedHeaders("weight", 60_000, true);
  let asked = 0;
  const silent = { status: 200, header: (): undefined => void asked++ };
  for (let i = 0; i < 1_000; i++) assert.equal(headers.read(silent, 6_000), undefined);
  assert.ok(asked < 400, `asked ${asked} times`);

  let found = 0;
  for (let i = 0; i < 64; i++) if (headers.read({ status: 200, header: (name) => (name === "x-mbx-used-weight" ? "7" : undefined) }, 6_000) === 7) found++;
  assert.ok(found > 30, "and is believed again once it sends one");
});
