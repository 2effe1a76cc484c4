import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../src/state/bytes.ts";
import { CellBatch, type SavedCell } from "../../src/health/cell-batch.ts";
import { CellReader, CellWriter, readRecords, RecordWriter } from "../../src/state/cells.ts";
import { CounterWriter, readCounters } from "../../src/state/counters.ts";

const count = fc.integer({ min: 0, max: 0xffff_ffff });
const small = fc.integer({ min: 0, max: 40 });

const outcomes = fc.record({ samples: fc.integer({ min: 0, max: 32 }), bits: count }).map(({ samples, bits }) => ({ samples, outcomes: samples === 0 ? 0 : Number(BigInt(bits) & ((1n << BigInt(samples)) - 1n)) }));

const cell: fc.Arbitrary<SavedCell> = fc.record({ seen: outcomes, success: count, fail: count, warnings: small, consecutiveFails: small, latency: fc.integer({ min: 0, max: 86_400_000 }), level: fc.integer({ min: 0, max: 4 }), since: fc.option(fc.integer({ min: 0, max: 4e6 }), { nil: undefined }), coolsForMs: fc.integer({ min: 0, max: 1e9 }) }).map(({ seen, latency, since, ...rest }) => ({ ...rest, ...seen, avgLatencyMs: latency / 10, sinceSuccessMs: since === undefined ? undefined : since * 1_000 }));

test("a cell whose counts are those of its outcomes takes two bytes less", () => {
  const sizes = [0, 1].map((more) => {
    const batch = new CellBatch();
    batch.put(0, { success: 2 + more, fail: 3, outcomes: 0b101, samples: 5, warnings: 0, consecutiveFails: 0, avgLatencyMs: 100, level: 0, sinceSuccessMs: undefined, coolsForMs: 0 });
    const writer = new CellWriter();
    writer.add(batch);
    const bytes = Buffer.from(writer.base64(), "base64");
    const reader = new CellReader(bytes, 1, 0);
    assert.ok(reader.fill(batch));
    assert.deepEqual([batch.read(0).cell.success, batch.read(0).cell.fail], [2 + more, 3]);
    return bytes.length;
  });
  assert.equal(sizes[1] - sizes[0], 2);
});

test("numbers come back as they were written", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.maxSafeNat(), fc.nat(300))), fc.array(fc.integer({ min: -(2 ** 29), max: 2 ** 29 })), (whole, signed) => {
      const writer = new ByteWriter();
      for (const value of whole) writer.number(value);
      for (const value of signed) writer.signed(value);
      const reader = new ByteReader(Buffer.from(writer.base64(), "base64"));
      assert.deepEqual(whole.map(() => reader.number()), whole);
      assert.deepEqual(signed.map(() => reader.signed() + 0), signed.map((value) => value + 0));
      assert.equal(reader.ended, true);
      assert.equal(reader.over, false);
    }),
  );
});

test("past the end there are zeros, and it shows", () => {
  const reader = new ByteReader(Uint8Array.of(200));
  reader.number();
  assert.equal(reader.over, true);
  assert.equal(reader.number(), 0);
});

test("cells and records come back as they were saved", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(19_999), cell), { maxLength: 20 }), (cells) => {
      const writer = new CellWriter();
      const batch = new CellBatch();
      for (const [exit, one] of cells) {
        batch.put(exit, one);
        batch.put(-1, one);
      }
      writer.add(batch);
      const read: unknown[] = [];
      const reader = new CellReader(Buffer.from(writer.base64(), "base64"), 20_000, 0);
      while (reader.fill(batch)) for (let i = 0; i < batch.count; i++) read.push(batch.read(i));
      assert.equal(reader.whole, true);
      assert.deepEqual(read, cells.map(([exit, saved]) => ({ exit, cell: saved })));
    }),
  );
  const known = { success: 3, fail: 40, outcomes: 0b101, samples: 3, sinceSuccessMs: 5_000, barren: 0, hadSuccess: true, dead: false, onTrial: false, deaths: 0, refreshesToSitOut: 0 };
  const dead = { success: 0, fail: 30, outcomes: 0, samples: 30, sinceSuccessMs: undefined, barren: 30, hadSuccess: false, dead: true, onTrial: false, deaths: 2, refreshesToSitOut: 2 };
  const writer = new RecordWriter();
  for (const [record, days] of [[known, 0], [undefined, 3], [dead, 900]] as const) writer.add(record, days);
  const read: unknown[] = [];
  assert.equal(readRecords(Buffer.from(writer.base64(), "base64"), 3, 1_000, (_, record, days) => read.push([record && { ...record }, days])), true);
  assert.deepEqual(read, [[{ ...known, sinceSuccessMs: 6_000 }, 0], [undefined, 3], [dead, 255]]);
});

test("counters come back with fractions rounded up", () => {
  const writer = new CounterWriter(29_000_000);
  writer.add(4, { count: { used: 5_999.0004, window: 28_999_999, next: 12 }, pausedForMs: 0 });
  writer.add(2, { count: { used: 1 }, pausedForMs: 90_000 });
  writer.add(3, { count: undefined, pausedForMs: 1.5 });
  const read: unknown[] = [];
  assert.equal(readCounters(Buffer.from(writer.base64(), "base64"), 5, (exit, counter) => read.push([exit, counter])), true);
  assert.deepEqual(read, [
    [4, { count: { used: 5_999.001, window: 28_999_999, next: 12 }, pausedForMs: 0 }],
    [2, { count: { used: 1 }, pausedForMs: 90_000 }],
    [3, { count: undefined, pausedForMs: 2 }],
  ]);
});

test("bytes of any kind are read without an error and without numbers that no exit has", () => {
  const batch = new CellBatch();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const check = (exit: number): void => assert.ok(Number.isInteger(exit) && exit >= 0 && exit < 7);
      const reader = new CellReader(bytes, 7, 0);
      while (reader.fill(batch)) for (let i = 0; i < batch.count; i++) check(batch.read(i).exit);
      readRecords(bytes, 7, 0, check);
      readCounters(bytes, 7, check);
    }),
    { numRuns: 3_000 },
  );
});

function readAll(bytes: Uint8Array, exits: number, sinceMs: number, quick: boolean): { cells: { exit: number; cell: SavedCell }[]; whole: boolean } {
  const reader = new CellReader(bytes, exits, sinceMs, quick);
  const batch = new CellBatch();
  const cells = [];
  while (reader.fill(batch)) for (let i = 0; i < batch.count; i++) cells.push(batch.read(i));
  return { cells, whole: reader.whole };
}

test("cells read at a go are those read byte by byte, whatever the bytes are", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), cell), { minLength: 1, maxLength: 60 }), fc.nat(100_000), (cells, sinceMs) => {
      const writer = new CellWriter();
      const batch = new CellBatch();
      let exit = -1;
      for (const [gap, one] of cells) batch.put((exit += gap + 1), one);
      writer.add(batch);
      const bytes = Buffer.from(writer.base64(), "base64");
      const quick = readAll(bytes, 1_000, sinceMs, true);
      assert.deepEqual(quick, readAll(bytes, 1_000, sinceMs, false));
      assert.equal(quick.cells.length, cells.length);
    }),
  );
  // Mostly small bytes, so that most of them begin a cell that can be; and exits enough for long rows of them, or too few.
  const byte = fc.oneof({ weight: 4, arbitrary: fc.nat(127) }, fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { minLength: 100, maxLength: 600 }), fc.constantFrom(3, 1_000, 100_000), fc.nat(100_000), (from, exits, sinceMs) => {
      const bytes = Uint8Array.from(from);
      assert.deepEqual(readAll(bytes, exits, sinceMs, true), readAll(bytes, exits, sinceMs, false));
    }),
    { numRuns: 300 },
  );
});
