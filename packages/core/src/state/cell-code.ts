import * as batch from "../health/cell-batch.ts";
import { countBits, lastOutcomes } from "../health/window.ts";
import { putSmall, unfolded } from "./bytes.ts";
import * as layout from "./cell-head.ts";

// V8 knows the constants of a module itself while it compiles, and looks those of others up each time: of 200,000 cells that was a third of the work.
const { AGE_MS, COOLS, FEW, LATENCY, LEVEL, RUN, SAMPLES, SUCCEEDED, WARNED } = layout;
const { NONE } = batch;
const AT_EXIT = batch.EXIT;
const AT_SAMPLES = batch.SAMPLES;
const AT_OUTCOMES = batch.OUTCOMES;
const AT_SUCCESS = batch.SUCCESS;
const AT_FAIL = batch.FAIL;
const AT_LEVEL = batch.LEVEL;
const AT_RUN = batch.RUN;
const AT_WARNED = batch.WARNED;
const AT_LATENCY = batch.LATENCY;
const AT_SINCE = batch.SINCE;
const AT_COOLS = batch.COOLS;

/** Writes one behind its exit. @returns where the next one goes */
export function putCell(to: Uint8Array, begin: number, values: Uint32Array, from: number): number {
  const size = Math.min(32, values[from + AT_SAMPLES]);
  const outcomes = values[from + AT_OUTCOMES];
  const level = values[from + AT_LEVEL];
  const run = values[from + AT_RUN];
  const warned = values[from + AT_WARNED];
  const latency = values[from + AT_LATENCY];
  const since = values[from + AT_SINCE];
  const coolsForMs = values[from + AT_COOLS];
  const success = values[from + AT_SUCCESS];
  const fail = values[from + AT_FAIL];
  const ever = since === NONE ? 0 : SUCCEEDED;
  // Of the outcomes alone, so that most cells are short.
  const few = success + fail === size && success === countBits(outcomes & lastOutcomes(size)) ? FEW : 0;
  let at = putSmall(to, begin, size | (level > 0 ? LEVEL : 0) | (run > 0 ? RUN : 0) | (warned > 0 ? WARNED : 0) | (latency > 0 ? LATENCY : 0) | ever | (coolsForMs > 0 ? COOLS : 0) | few);
  for (let shift = 0; shift < size; shift += 8) to[at++] = outcomes >>> shift;
  if (few === 0) {
    at = putSmall(to, at, success);
    at = putSmall(to, at, fail);
  }
  if (level > 0) at = putSmall(to, at, level);
  if (run > 0) at = putSmall(to, at, run);
  if (warned > 0) at = putSmall(to, at, warned);
  if (latency > 0) at = putSmall(to, at, latency);
  if (ever !== 0) at = putSmall(to, at, Math.floor(since / AGE_MS));
  return coolsForMs > 0 ? putSmall(to, at, coolsForMs) : at;
}

// A byte with its highest bit set says that the number goes on; that bit then stands right above the seven that the next byte adds. So a
// number of two bytes has gone on where it is at least this, and one of three where it is at least that.
const TWO = 1 << 14;
const THREE = 1 << 21;

/**
 * Reads a cell whose numbers are as short as nearly all are, in half the time: the place stays in a register, and nobody asks at every
 * byte whether it is there. Written out, for a function cannot give back a number and the place behind it.
 *
 * @param begin of its first byte; `LONGEST_CELL` bytes are there
 * @returns where the next cell begins, or -1: it has a longer number, and what is in `values` is none of its own
 */
export function quickCell(from: Uint8Array, begin: number, values: Uint32Array, to: number, exitBefore: number, sinceMs: number): number {
  let at = begin;
  let value = from[at++];
  if (value > 127 && (value = (value & 127) | (from[at++] << 7)) >= TWO) return -1;
  values[to + AT_EXIT] = exitBefore + unfolded(value) + 1;
  let head = from[at++];
  if (head > 127 && (head = (head & 127) | (from[at++] << 7)) >= TWO) return -1;

  const samples = Math.min(32, head & SAMPLES);
  let outcomes = 0;
  for (let shift = 0; shift < samples; shift += 8) outcomes |= from[at++] << shift;
  const good = countBits(outcomes & lastOutcomes(samples));
  values[to + AT_SAMPLES] = samples;
  values[to + AT_OUTCOMES] = outcomes;
  values[to + AT_SUCCESS] = good;
  values[to + AT_FAIL] = samples - good;
  if ((head & FEW) === 0) {
    value = from[at++];
    if (value > 127 && (value = (value & 127) | (from[at++] << 7)) >= TWO && (value = (value & (TWO - 1)) | (from[at++] << 14)) >= THREE) return -1;
    values[to + AT_SUCCESS] = value;
    value = from[at++];
    if (value > 127 && (value = (value & 127) | (from[at++] << 7)) >= TWO && (value = (value & (TWO - 1)) | (from[at++] << 14)) >= THREE) return -1;
    values[to + AT_FAIL] = value;
  }

  value = 0;
  if ((head & LEVEL) !== 0 && (value = from[at++]) > 127) return -1;
  values[to + AT_LEVEL] = value;
  value = 0;
  if ((head & RUN) !== 0 && (value = from[at++]) > 127 && (value = (value & 127) | (from[at++] << 7)) >= TWO) return -1;
  values[to + AT_RUN] = value;
  value = 0;
  if ((head & WARNED) !== 0 && (value = from[at++]) > 127 && (value = (value & 127) | (from[at++] << 7)) >= TWO) return -1;
  values[to + AT_WARNED] = value;
  value = 0;
  if ((head & LATENCY) !== 0) {
    value = from[at++];
    if (value > 127 && (value = (value & 127) | (from[at++] << 7)) >= TWO && (value = (value & (TWO - 1)) | (from[at++] << 14)) >= THREE) return -1;
  }
  values[to + AT_LATENCY] = value;
  let sinceSuccess: number = NONE;
  if ((head & SUCCEEDED) !== 0) {
    value = from[at++];
    if (value > 127 && (value = (value & 127) | (from[at++] << 7)) >= TWO && (value = (value & (TWO - 1)) | (from[at++] << 14)) >= THREE) return -1;
    sinceSuccess = Math.min(NONE - 1, value * AGE_MS + sinceMs);
  }
  values[to + AT_SINCE] = sinceSuccess;
  value = 0;
  if ((head & COOLS) !== 0) {
    value = from[at++];
    if (value > 127 && (value = (value & 127) | (from[at++] << 7)) >= TWO && (value = (value & (TWO - 1)) | (from[at++] << 14)) >= THREE) return -1;
  }
  values[to + AT_COOLS] = Math.max(0, value - sinceMs);
  return at;
}
