/**
 * How an attempt ended that brought no success, as far as it tells the exit from the host.
 *
 * - `refused`: by the exit, before anything was sent: connection, handshake.
 * - `broken`: after the request was sent and before its head came.
 * - `silent`: nothing until it was given up, because it took too long or another was faster.
 * - `answered`: the host has answered that it does not want this exit.
 * - `cut-body`: the host has answered well, and the way broke before the body ended.
 */
export type Ending = "refused" | "broken" | "silent" | "answered" | "cut-body";

/** How likely an ending is of an exit that is down, of one that is up at a host that shuts it out or accepts it. */
export interface Likelihoods {
  down: number;
  banned: number;
  accepted: number;
  /** Share of the failures of an exit that is up and accepted which end like this: what it says of the exit's own quality. */
  failed: number;
}

/** Half of the dead refuse at once. */
const REFUSING = 0.5;
/** So rarely does a working exit refuse, or a dead one answer in a host's name. */
const LYING = 0.02;
/** A host that shuts somebody out mostly says so; one in two that says nothing closes the connection. */
const CLOSING = 0.5;
/** Nothing is quite certain, however long one has waited. */
const SURE = 0.985;

/**
 * @param q likelihood of success when the exit is up and accepted
 * @param F share of the successes to come that would have come by now
 * @param phi share of the failures of working exits that answer
 */
export function likelihoodsOf(ending: Ending, q: number, F: number, phi: number, into: Likelihoods): void {
  switch (ending) {
    case "refused":
      set(into, REFUSING, LYING, LYING, 0);
      return;
    case "broken":
      set(into, 1, CLOSING, Math.max(LYING, 1 - q * SURE), 1);
      return;
    case "silent":
      // As if all that are down were silent: how many of them refuse says little about the one that was chosen.
      set(into, 1, 1 - SURE * F, 1 - SURE * F * (q + (1 - q) * phi), 1 - phi * F);
      return;
    case "answered":
      set(into, LYING, 1, Math.max(LYING, (1 - q) * phi), phi);
      return;
    case "cut-body":
      set(into, REFUSING, LYING, Math.max(LYING, (1 - q) * (1 - phi)), 1);
      return;
    default: {
      const never: never = ending;
      throw new TypeError(`Unknown ending ${String(never)}.`);
    }
  }
}

function set(into: Likelihoods, down: number, banned: number, accepted: number, failed: number): void {
  into.down = down;
  into.banned = banned;
  into.accepted = accepted;
  into.failed = failed;
}

/** The likelihood whose odds are `factor` times those of `p`. */
export function withOdds(p: number, factor: number): number {
  const odds = p * factor;
  return odds / (odds + 1 - p);
}
