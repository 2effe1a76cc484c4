/** What an outcome has changed, for logs, for the desk and for the breaker. Values: nothing happens by itself. */
export type Change =
  /** The exit rests at this target. `trial`: its half-open trial has failed. */
  | { readonly kind: "cooled"; readonly exit: number; readonly trial: boolean; readonly level: number; readonly forMs: number; readonly untilAt: number; readonly consecutiveFails: number }
  /** It would rest if not too many did already: stays usable, offered last. */
  | { readonly kind: "spared"; readonly exit: number; readonly consecutiveFails: number }
  /** It has succeeded after a cooldown. `early`: while it rested, as the probe of a breaker; its rest is over. */
  | { readonly kind: "recovered"; readonly exit: number; readonly level: number; readonly early: boolean }
  /** No success at any target for long enough: out for the pool. `fails`: all its failures; `deaths`: deaths since its last success. */
  | { readonly kind: "died"; readonly exit: number; readonly fails: number; readonly deaths: number }
  /** A dead one has succeeded: its trial after a refresh, or an attempt that was still out. */
  | { readonly kind: "revived"; readonly exit: number }
  /** So many exits that should have succeeded have failed in a row that it is the target: nobody is judged there any more. */
  | { readonly kind: "target-blamed"; readonly exits: number }
  | { readonly kind: "target-cleared" };

export const NO_CHANGE: readonly Change[] = Object.freeze([]);
