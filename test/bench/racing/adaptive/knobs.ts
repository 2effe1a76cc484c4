/** What can be left out or changed, to see what it is worth. The defaults are the policy. */
export interface Knobs {
  /** Tell a refused connection (the proxy) from an answer (the host). Off as in the simulation that the policy comes from. */
  readonly kinds: boolean;
  readonly learnShape: boolean;
  readonly banFactor: boolean;
  /** How much of a failure a host that has accepted the proxy before is blamed for. */
  readonly blame: number;
  readonly cut: "scarce" | "always" | "never";
  readonly overdue: boolean;
  readonly hedge: boolean;
  /** Fixes the quantile after which a hedge is sent. */
  readonly hedgeAt: number | undefined;
  readonly probesLoaded: number;
  readonly retest: boolean;
  readonly untestedInHeap: boolean;
  readonly squeeze: boolean;
  readonly idleProbes: boolean;
  readonly uncut: number;
  readonly budget: number;
  readonly toHead: boolean;
  /** Until twenty answers have come half of the tests wait for as long as any attempt may, and the typical time is their mean. */
  readonly quickStart: boolean;
}

export const POLICY: Knobs = {
  kinds: false,
  learnShape: true,
  banFactor: true,
  blame: 0.2,
  cut: "scarce",
  overdue: true,
  hedge: true,
  hedgeAt: undefined,
  probesLoaded: 20,
  retest: true,
  untestedInHeap: false,
  squeeze: true,
  idleProbes: true,
  uncut: 0.04,
  budget: 3,
  toHead: true,
  quickStart: false,
};

export const VARIANTS: Readonly<Record<string, Partial<Knobs>>> = {
  kinds: { kinds: true },
  noKM: { learnShape: false },
  oneFactor: { banFactor: false },
  symBlame: { blame: 1 },
  noCut: { cut: "never" },
  alwaysCut: { cut: "always" },
  noOverdue: { overdue: false },
  noHedge: { hedge: false },
  raceNow: { hedgeAt: 0.01 },
  lateHedge: { hedgeAt: 0.9 },
  quota5: { probesLoaded: 5 },
  quota40: { probesLoaded: 40 },
  noBenchProbe: { retest: false },
  untestedInHeap: { untestedInHeap: true },
  noSqueeze: { squeeze: false },
  noBackoffExplore: { idleProbes: false },
  noUncut: { uncut: 0 },
  budget2: { budget: 2 },
  budget5: { budget: 5 },
  toTail: { toHead: false },
  quickStart: { quickStart: true },
};
