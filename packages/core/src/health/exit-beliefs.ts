import { moved } from "./epoch.ts";
import { Rows, type Page } from "./rows.ts";

/**
 * What is believed of an exit whatever the target: 9 words, 36 bytes. A row of zeros is an exit of which nothing is known.
 *
 * | word | |
 * |---|---|
 * | 0, 1 | likelihood that it is up (float), and the tick at which it was that |
 * | 2 | mean logarithm of its times in ms (float) |
 * | 3, 4 | successes and failures while it was up, fading (floats) |
 * | 5 | tick from which it is due for a test |
 * | 6 | tick of its last success |
 * | 7 | tick since which its attempts have been out without an answer |
 * | 8 | times that count in the mean (5 bits), tests failed in a row (6), has worked (1), is up (1), is being tested (1), attempts out without an answer (16) |
 */
export const EXIT_WORDS = 9;
export const U = 0;
export const U_AT = 1;
export const MEAN = 2;
export const GOOD_WHILE_UP = 3;
export const BAD_WHILE_UP = 4;
export const DUE = 5;
export const WORKED_AT = 6;
export const QUIET_SINCE = 7;
export const STATE = 8;

const EVER = 1 << 11;
const UP = 1 << 12;
const TESTING = 1 << 13;
const MOST_OUT = 0xffff;
const MOST_MISSED = 63;

export function timesOf(u32: Uint32Array, at: number): number {
  return u32[at + STATE] & 31;
}

export function setTimes(u32: Uint32Array, at: number, n: number): void {
  u32[at + STATE] = (u32[at + STATE] & ~31) | n;
}

/** Tests in a row that have failed. */
export function missedOf(u32: Uint32Array, at: number): number {
  return (u32[at + STATE] >>> 5) & MOST_MISSED;
}

export function setMissed(u32: Uint32Array, at: number, missed: number): void {
  u32[at + STATE] = (u32[at + STATE] & ~(MOST_MISSED << 5)) | (Math.min(MOST_MISSED, missed) << 5);
}

export function hasWorked(u32: Uint32Array, at: number): boolean {
  return (u32[at + STATE] & EVER) !== 0;
}

export function setWorked(u32: Uint32Array, at: number): void {
  u32[at + STATE] |= EVER;
}

export function isUp(u32: Uint32Array, at: number): boolean {
  return (u32[at + STATE] & UP) !== 0;
}

export function setUp(u32: Uint32Array, at: number, up: boolean): void {
  u32[at + STATE] = up ? u32[at + STATE] | UP : u32[at + STATE] & ~UP;
}

export function isTesting(u32: Uint32Array, at: number): boolean {
  return (u32[at + STATE] & TESTING) !== 0;
}

export function setTesting(u32: Uint32Array, at: number, testing: boolean): void {
  u32[at + STATE] = testing ? u32[at + STATE] | TESTING : u32[at + STATE] & ~TESTING;
}

/** Attempts that are out and have brought no answer. */
export function outOf(u32: Uint32Array, at: number): number {
  return u32[at + STATE] >>> 16;
}

export function addOut(u32: Uint32Array, at: number, by: 1 | -1): void {
  const out = Math.min(MOST_OUT, Math.max(0, outOf(u32, at) + by));
  u32[at + STATE] = ((u32[at + STATE] & 0xffff) | (out << 16)) >>> 0;
}

export function newExitRows(): Rows {
  return new Rows(EXIT_WORDS);
}

export function moveExit({ u32 }: Page, at: number, byMs: number): void {
  for (const word of [U_AT, DUE, WORKED_AT, QUIET_SINCE]) u32[at + word] = moved(u32[at + word], byMs);
}
