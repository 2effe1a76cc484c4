import type { Family } from "../exits/family.ts";

/** What keeps an exit from being used at this target beside its quota: the health of the target is one. */
export interface Rests {
  /** Neither of the following: true of nearly all. */
  isCalm(exit: number): boolean;
  /** When its rest ends: 0 or a moment that has passed where it does not rest, `Infinity` where it is dead. */
  restsUntil(exit: number): number;
  /** Half open, and its one trial is out. */
  trialOut(exit: number): boolean;
  /** Its attempts in flight here. */
  out(exit: number): number;
}

export interface DeskRules {
  /** Least time between two sends of a local exit … */
  spacingMs: number;
  /** … and of a proxy. */
  proxySpacingMs: number;
  perExitInFlight: number;
  /** Of the target's address, where it is one: 4 or 6; 0 for names, which any exit may reach. "mixed": it depends on the request. */
  family: Family | "mixed";
}
