import { levelOf } from "../health/cell-beliefs.ts";
import type { PoolBeliefs } from "../health/pool-beliefs.ts";
import { restoreCell, restoreExit, saveExit, type SavedCellBelief, type SavedExitBelief } from "../health/saved-beliefs.ts";
import type { TargetBeliefs } from "../health/target-beliefs.ts";
import { ExitBeliefWriter, HostBeliefWriter, readExitBeliefs, readHostBeliefs, STEPS } from "./beliefs.ts";
import type { SavedHost, SavedPool } from "./format.ts";

/**
 * What an adaptive pool believes, for a snapshot; empty where it believes nothing.
 *
 * @param indices of the file's exits in the table, -1 where it is not there
 * @param keptOf what is handed on of such a one, by its place in the file
 */
export function poolBeliefs(beliefs: PoolBeliefs, indices: readonly number[], keptOf: (number: number) => SavedExitBelief | undefined): object {
  const writer = new ExitBeliefWriter();
  let any = false;
  for (let number = 0; number < indices.length; number++) {
    const belief = indices[number] < 0 ? keptOf(number) : saveExit(beliefs, indices[number]);
    any ||= belief !== undefined;
    writer.add(belief);
  }
  return any ? { beliefs: writer.base64(), times: { ...beliefs.times.save(), ...beliefs.shape.save() } } : {};
}

/** The same of a host. @param cells calls back with each of its exits, by their numbers in the file; -1: it has none */
export function hostBeliefs(host: readonly [number, number, number], cells: (add: (number: number, belief: SavedCellBelief) => void) => void): object {
  const writer = new HostBeliefWriter();
  let any = false;
  cells((number, belief) => {
    if (number < 0) return;
    any = true;
    writer.add(number, belief);
  });
  return any ? { beliefs: writer.base64(), host: host.map((value) => Math.round(value * 100) / 100) } : {};
}

/** @param indexOf an exit's index by its number in the file, -1 where it is not there. @returns false where something was not as it was written */
export function recallPool(beliefs: PoolBeliefs, saved: SavedPool, exits: number, sinceMs: number, indexOf: (exit: number) => number): boolean {
  if (saved.beliefs.length === 0) return true;
  const { times } = saved;
  if (times !== undefined && beliefs.times.restore(times)) beliefs.shape.restore(times);
  return recallExits(beliefs, saved, exits, sinceMs, indexOf);
}

export function recallExits(beliefs: PoolBeliefs, saved: SavedPool, exits: number, sinceMs: number, indexOf: (exit: number) => number): boolean {
  if (saved.beliefs.length === 0) return true;
  return readExitBeliefs(saved.beliefs, exits, sinceMs, (exit, belief) => {
    const index = indexOf(exit);
    if (index >= 0) restoreExit(beliefs, index, belief);
  });
}

const LEVELS = Uint16Array.from({ length: STEPS + 1 }, (_, step) => levelOf(step / STEPS));

/** @param places of the file's exits: their indices, -1 of one that is not there */
export function recallHost(beliefs: TargetBeliefs, saved: SavedHost, places: Int32Array, sinceMs: number): boolean {
  if (saved.beliefs.length === 0) return true;
  const [accepted, refused, offset] = saved.host;
  beliefs.recall(accepted, refused, offset);
  return readHostBeliefs(saved.beliefs, places.length, sinceMs, (exit, belief, step) => {
    const index = places[exit];
    if (index >= 0) restoreCell(beliefs, index, belief, LEVELS[step]);
  });
}
