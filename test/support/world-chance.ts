import { seededRandom } from "@multihome/core/testing";

/** Streams of chance that do not disturb one another: the same seed gives the same population, whatever a policy draws. */
export type Stream = "population" | "network" | "arrivals" | "policy";

const OFFSET: Record<Stream, number> = { population: 0x1000_0001, network: 0x2000_0003, arrivals: 0x3000_0005, policy: 0x4000_0007 };

export function streamOf(seed: number, stream: Stream): () => number {
  return seededRandom(Math.imul(seed + 1, 0x9e37_79b1) ^ OFFSET[stream]);
}

/** Of mean 1. */
export function exponential(random: () => number): number {
  return -Math.log(1 - random());
}

/** Box and Muller's. */
export function normal(random: () => number): number {
  return Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random());
}

export function between([low, high]: readonly [number, number], random: () => number): number {
  return low + (high - low) * random();
}
