import { moved } from "./epoch.ts";
import type { Page } from "./rows.ts";
import { lastOutcomes, successRate } from "./window.ts";

/**
 * The layout of an (exit, target) cell: 8 words, 32 bytes. A cell of zeros is one of which nothing is known.
 *
 * | word | |
 * |---|---|
 * | 0 | the last outcomes, as bits |
 * | 1, 2 | successes and failures ever |
 * | 3 | average latency in ms (float) |
 * | 4 | tick of the last success |
 * | 5 | tick at which the last cooldown ends |
 * | 6 | failures in a row (16 bits), spared (1), warnings (15) |
 * | 7 | counted as cooling (1), recency (6), level of the cooldown (3), outcomes in the window (6), in flight (16) |
 */
export const CELL_WORDS = 8;
export const BITS = 0;
export const GOOD = 1;
export const BAD = 2;
export const LATENCY = 3;
export const LAST_GOOD = 4;
export const UNTIL = 5;
export const RUN = 6;
export const FLAGS = 7;

const SPARED = 1 << 15;
const WARNINGS = SPARED - 1;
const OUT = 0xffff;
const COOLING = 1 << 31;
const RECENCY_STEPS = 63;

export function inARow(u32: Uint32Array, at: number): number {
  return u32[at + RUN] >>> 16;
}

export function setInARow(u32: Uint32Array, at: number, run: number): void {
  u32[at + RUN] = (u32[at + RUN] & 0xffff) | (Math.min(0xffff, run) << 16);
}

export function isSpared(u32: Uint32Array, at: number): boolean {
  return (u32[at + RUN] & SPARED) !== 0;
}

export function setSpared(u32: Uint32Array, at: number, spared: boolean): void {
  u32[at + RUN] = spared ? u32[at + RUN] | SPARED : u32[at + RUN] & ~SPARED;
}

export function warnings(u32: Uint32Array, at: number): number {
  return u32[at + RUN] & WARNINGS;
}

/** Weight of the newest latency in the average; about the last ten count. */
const LATENCY_GAIN = 0.2;

/** A success: no failures in a row, not spared, seen a moment ago. */
export function setGood(u32: Uint32Array, f32: Float32Array, at: number, tookMs: number, tick: number): void {
  const first = ++u32[at + GOOD] === 1;
  f32[at + LATENCY] = first ? tookMs : f32[at + LATENCY] + LATENCY_GAIN * (tookMs - f32[at + LATENCY]);
  u32[at + LAST_GOOD] = tick;
  u32[at + RUN] &= WARNINGS;
  u32[at + FLAGS] |= RECENCY_STEPS << 25;
}

/** Every outcome in the window is a success. */
export function isPerfect(u32: Uint32Array, at: number, window: number): boolean {
  return u32[at + BITS] === lastOutcomes(window) && sampled(u32, at) === window;
}

/** It has never rested, and is not half open. */
export function isCalm(u32: Uint32Array, at: number): boolean {
  return u32[at + UNTIL] === 0 && levelOf(u32, at) === 0;
}

/** Stays at 32,767 once it is there. */
export function addWarning(u32: Uint32Array, at: number): void {
  if (warnings(u32, at) < WARNINGS) u32[at + RUN]++;
}

export function outOf(u32: Uint32Array, at: number): number {
  return u32[at + FLAGS] & OUT;
}

/** @returns false when there are more than can be counted; that one must not be taken off either */
export function enter(u32: Uint32Array, at: number): boolean {
  if (outOf(u32, at) === OUT) return false;
  u32[at + FLAGS]++;
  return true;
}

export function leave(u32: Uint32Array, at: number): boolean {
  if (outOf(u32, at) === 0) return false;
  u32[at + FLAGS]--;
  return true;
}

/** Outcomes in the window. */
export function sampled(u32: Uint32Array, at: number): number {
  return (u32[at + FLAGS] >>> 16) & 63;
}

export function setSampled(u32: Uint32Array, at: number, count: number): void {
  u32[at + FLAGS] = (u32[at + FLAGS] & ~(63 << 16)) | (count << 16);
}

export function levelOf(u32: Uint32Array, at: number): number {
  return (u32[at + FLAGS] >>> 22) & 7;
}

export function setLevel(u32: Uint32Array, at: number, level: number): void {
  u32[at + FLAGS] = (u32[at + FLAGS] & ~(7 << 22)) | (level << 22);
}

export function recency(u32: Uint32Array, at: number): number {
  return ((u32[at + FLAGS] >>> 25) & 63) / RECENCY_STEPS;
}

export function setRecency(u32: Uint32Array, at: number, value: number): void {
  u32[at + FLAGS] = (u32[at + FLAGS] & ~(63 << 25)) | (Math.round(value * RECENCY_STEPS) << 25);
}

/** A whole word at a go, for 200,000 cells that are put back. */
export function runWord(inRow: number, warned: number): number {
  return (inRow << 16) | warned;
}

export function flagsWord(out: number, samples: number, level: number, recent: number): number {
  return out | (samples << 16) | (level << 22) | (Math.floor(recent * RECENCY_STEPS + 0.5) << 25);
}

export function isCooling(u32: Uint32Array, at: number): boolean {
  return (u32[at + FLAGS] & COOLING) !== 0;
}

export function setCooling(u32: Uint32Array, at: number, cooling: boolean): void {
  u32[at + FLAGS] = cooling ? u32[at + FLAGS] | COOLING : u32[at + FLAGS] & ~COOLING;
}

export function rateAt(u32: Uint32Array, at: number): number {
  return successRate(u32[at + BITS], sampled(u32, at));
}

export function moveCell({ u32 }: Page, at: number, byMs: number): void {
  u32[at + LAST_GOOD] = moved(u32[at + LAST_GOOD], byMs);
  u32[at + UNTIL] = moved(u32[at + UNTIL], byMs);
}
