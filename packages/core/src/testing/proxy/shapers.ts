import { Transform } from "node:stream";
import type { Duplex } from "node:stream";
import { systemClock } from "../../time/clock.ts";
import type { CommonFault } from "./faults.ts";

/** Most bytes that a slow tunnel holds back; beyond that it stops reading, as a link with a full buffer does. */
const HELD_BYTES_MAX = 4 * 1_048_576;

/** How the way from the proxy to its client is spoiled. */
export interface Shape {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly dripMs?: number;
}

export function shapeOf(fault: { readonly kind: string }, base: { latencyMs: number; jitterMs: number }): Shape {
  const common = fault as CommonFault;
  if (common.kind === "slow") return { latencyMs: common.latencyMs, jitterMs: common.jitterMs ?? 0 };
  return common.kind === "drip" ? { ...base, dripMs: common.everyMs ?? 20 } : base;
}

/** Says something to the client in the manner of `shape`; resolves when it is said, or the client is gone. */
export async function say(socket: Duplex, bytes: Uint8Array, shape: Shape, random: () => number): Promise<void> {
  const delay = shape.latencyMs + random() * shape.jitterMs;
  if (delay > 0) await pause(socket, delay);
  if (shape.dripMs === undefined) {
    if (socket.writable) socket.write(bytes);
    return;
  }
  for (const byte of bytes) {
    if (!socket.writable) return;
    socket.write(Uint8Array.of(byte));
    await pause(socket, shape.dripMs);
  }
}

/** What stands between the tunnel's far end and the client. */
export function shapers(shape: Shape, random: () => number): Transform[] {
  const chain: Transform[] = [];
  if (shape.latencyMs > 0 || shape.jitterMs > 0) chain.push(delayed(() => shape.latencyMs + random() * shape.jitterMs));
  if (shape.dripMs !== undefined) chain.push(dripping(shape.dripMs));
  return chain;
}

/** Lets `bytes` go by, then ends; whatever else comes is never read. */
export function cutting(bytes: number): Transform {
  let left = bytes;
  const gate = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      // `done` is not called once the end was reached: nothing may follow.
      if (left === 0) return;
      if (chunk.length < left) {
        left -= chunk.length;
        return done(null, chunk);
      }
      this.push(chunk.subarray(0, left));
      left = 0;
      this.push(null);
    },
  });
  if (bytes === 0) gate.push(null);
  return gate;
}

/** Each piece as late as `delayMs` says, never before an earlier one. The delay does not limit the throughput. */
function delayed(delayMs: () => number): Transform {
  const timers = new Set<unknown>();
  const pieces: Buffer[] = [];
  let held = 0;
  let lastDue = 0;
  let resume: (() => void) | undefined;
  let drained: (() => void) | undefined;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const now = systemClock.now();
      lastDue = Math.max(lastDue, now + delayMs());
      pieces.push(chunk);
      held += chunk.length;
      const timer = systemClock.setTimeout(() => {
        timers.delete(timer);
        // Timers of nearly the same moment may fire in either order; the pieces may not.
        const piece = pieces.shift() as Buffer;
        held -= piece.length;
        this.push(piece);
        resume?.();
        resume = undefined;
        if (pieces.length === 0) drained?.();
      }, lastDue - now);
      timers.add(timer);
      if (held < HELD_BYTES_MAX) done();
      else resume = done;
    },
    flush(done) {
      if (pieces.length === 0) done();
      else drained = done;
    },
    destroy(error, done) {
      for (const timer of timers) systemClock.clearTimeout(timer);
      done(error);
    },
  });
}

function dripping(everyMs: number): Transform {
  let timer: NodeJS.Timeout | undefined;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let next = 0;
      timer = setInterval(() => {
        this.push(chunk.subarray(next, next + 1));
        next += 1;
        if (next < chunk.length) return;
        clearInterval(timer);
        done();
      }, everyMs);
    },
    destroy(error, done) {
      clearInterval(timer);
      done(error);
    },
  });
}

function pause(socket: Duplex, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      socket.off("close", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    socket.once("close", wake);
  });
}
