import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "../../src/time/duration.ts";
import { parseHttpDate, parseRetryAfter } from "../../src/time/retry-after.ts";

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);

test("Retry-After is read as seconds or as an HTTP date, and as nothing else", () => {
  const cases: [string | undefined, number | undefined][] = [
    ["12", 12_000],
    [" 5 ", 5_000],
    ["0", 0],
    ["Fri, 20 Nov 2026 12:00:30 GMT", 30_000],
    ["Fri, 20 Nov 2026 11:00:00 GMT", 0],
    ["-1", undefined],
    ["1.5", undefined],
    ["1; 2", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    ["2099-01-01", undefined],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ];
  for (const [value, ms] of cases) assert.equal(parseRetryAfter(value, NOW), ms, JSON.stringify(value));
});

test("a date that is none is not taken for one", () => {
  for (const text of ["0", "-1", "1; 2", "Fri, 99 Nov 2026 12:00:30 GMT", "Fri, 20 Nov 2026 12:00:30 CET", ""]) assert.equal(parseHttpDate(text), undefined, text);
});

test("durations carry their unit, and what is none is refused", () => {
  assert.equal(parseDuration("1.5s"), 1_500);
  assert.equal(parseDuration("3d"), 259_200_000);
  assert.equal(parseDuration(0), 0);
  for (const wrong of ["500", "5 s", "-5s", -1, NaN, Infinity, "1w", "", null, {}]) assert.equal(parseDuration(wrong), undefined, String(wrong));
});
