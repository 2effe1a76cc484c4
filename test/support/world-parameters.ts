/** A population of proxies and the net around it: parameters alone. One generator makes all of them (`population.ts`). */
export interface World {
  readonly name: string;
  readonly about: string;
  readonly proxies: number;
  /** Share that ever works. */
  readonly everAlive: number;
  /** Share of its life that such a one is up. */
  readonly upShare: number;
  /** Median time up of an exponential one, in minutes; `Infinity`: what is up stays up. */
  readonly medianUpMinutes: number;
  /** Share of the dead that refuse at once; the rest hang. */
  readonly refuse: number;
  /** The median latency of a proxy, in seconds: log-normal itself, and never outside the range. */
  readonly latency: { readonly median: number; readonly sigma: number; readonly range: readonly [number, number] };
  /** σ of the log-normal latency within a proxy. */
  readonly sigma: number;
  /** Range of the likelihood of success of one that is up. What fails then is half an answer, half a hang. */
  readonly success: readonly [number, number];
  /** Share of (proxy, host) pairs that the host refuses, by host. */
  readonly banned: readonly number[];
  /** The whole network is gone for `forSeconds` at the end of every `everySeconds`. */
  readonly outage?: { readonly everySeconds: number; readonly forSeconds: number };
}

export const HOSTS = 3;
export const SPACING_MS = 500;
export const IN_FLIGHT = 100;
export const ATTEMPT_MS = 8_000;

const A: World = {
  name: "A",
  about: "1,200 proxies, a tenth of them up at any time",
  proxies: 1_200,
  everAlive: 0.2,
  upShare: 0.5,
  medianUpMinutes: 3.3,
  refuse: 0.35,
  latency: { median: 1.8, sigma: 0.75, range: [0.3, 6] },
  sigma: 0.5,
  success: [0.5, 0.98],
  banned: [0.2, 0.2, 0.2],
};

const B: World = {
  ...A,
  name: "B",
  about: "more spread, less success, more bans, slower flaps",
  medianUpMinutes: 6.6,
  refuse: 0.7,
  sigma: 0.9,
  success: [0.3, 0.95],
  banned: [0.4, 0.4, 0.4],
};

/** A and B are those of the policy's description; the others are there so that a policy that only fits these two fails. */
export const WORLDS: readonly World[] = [
  A,
  B,
  { ...A, name: "twenty", about: "20 proxies, six of them up at a time", proxies: 20, everAlive: 0.6 },
  { ...A, name: "many", about: "20,000 proxies, one in twenty up at a time", proxies: 20_000, everAlive: 0.1 },
  { ...A, name: "good", about: "everything works, always", everAlive: 1, upShare: 1, medianUpMinutes: Infinity, success: [0.9, 0.99], banned: [0, 0, 0] },
  { ...A, name: "banner", about: "one host bans nearly all", banned: [0.95, 0.2, 0.2] },
  { ...A, name: "outage", about: "A, and the whole network is gone for 30 s of every 240 s", outage: { everySeconds: 240, forSeconds: 30 } },
  { ...A, name: "tails", about: "A with latencies that spread over decades", sigma: 1.4 },
  { ...A, name: "cold", about: "1,200 unknown proxies of which 120 work, for ever", everAlive: 0.1, upShare: 1, medianUpMinutes: Infinity },
  { ...A, name: "slow", about: "nothing answers within three seconds", latency: { median: 4.5, sigma: 0.3, range: [3, 6.5] }, sigma: 0.2 },
  { ...A, name: "scarce", about: "six of 1,200 up at a time", everAlive: 0.01 },
  { ...A, name: "restless", about: "up for half a minute, then gone", medianUpMinutes: 0.5 },
];

/** @throws RangeError for a name that no world has */
export function worldNamed(name: string): World {
  const world = WORLDS.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
  if (world === undefined) throw new RangeError(`Expected one of the worlds ${WORLDS.map((known) => known.name).join(", ")}, got \`${name}\`.`);
  return world;
}
