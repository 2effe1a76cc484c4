import { parseAddress } from "./address.ts";
import type { ResolvedExit, ResolvedExits } from "./inventory.ts";

/** So many names fit a line that is still read; more are counted. */
const MOST_NAMES = 8;
const MOST_LEFT = 20;

/**
 * The list at start: what requests will leave by, and what was named and is left out. One line for each kind, and one for each
 * entry left out. Exits are named by id, so there is no password in it.
 *
 * @param reading lists of proxies that are read next; a line of their own says what came of them
 */
export function describeExits({ exits, left, notes, fellBack }: ResolvedExits, reading = 0): string[] {
  const lists = reading === 0 ? "" : `reading ${counted(reading, "list of proxies", "lists of proxies")}`;
  const own = exits.length === 0 ? (reading === 0 ? "no exit" : "") : `${counted(exits.length, "exit")}${fellBack ? ", this machine's default address" : ""}`;
  const lines = [`multihome: ${own}${own === "" || lists === "" ? "" : "; "}${lists}`];
  const local = exits.filter(({ exit }) => exit.kind === "local").map(({ exit }) => exit.id);
  const proxies = exits.filter(({ exit }) => exit.kind === "socks5" || exit.kind === "http").map(({ exit }) => exit.id);
  if (local.length > 0) lines.push(`  ${counted(local.length, "local address", "local addresses")}: ${shorten(runsOf(local))}`);
  if (proxies.length > 0) lines.push(`  ${counted(proxies.length, "proxy", "proxies")}: ${shorten(proxies.map((id) => ({ text: id, size: 1 })))}`);
  for (const group of sharedOf(exits)) lines.push(`  one quota for ${shorten(runsOf(group))}: they may leave by one public address (exits.egress, or listing them, says otherwise)`);
  for (const note of notes) lines.push(`  ${note}`);
  for (const { id, reason } of left.slice(0, MOST_LEFT)) lines.push(`  left out: ${id} (${reason})`);
  if (left.length > MOST_LEFT) lines.push(`  left out: ${left.length - MOST_LEFT} more`);
  return lines;
}

interface Run {
  readonly text: string;
  readonly size: number;
}

/** Neighbours in the list that are neighbours in number: 253 loopback addresses are one run. */
function runsOf(ids: readonly string[]): Run[] {
  const runs: Run[] = [];
  for (let start = 0; start < ids.length; ) {
    let end = start + 1;
    while (end < ids.length && follows(ids[end - 1], ids[end])) end += 1;
    // Two neighbours are named as quickly as a run.
    if (end - start < 3) end = start + 1;
    runs.push({ text: end - start === 1 ? ids[start] : `${ids[start]} to ${ids[end - 1]}`, size: end - start });
    start = end;
  }
  return runs;
}

function follows(before: string, after: string): boolean {
  const first = parseAddress(before);
  const second = parseAddress(after);
  return first !== undefined && second !== undefined && first.family === second.family && first.value + 1n === second.value;
}

function shorten(runs: readonly Run[]): string {
  const shown = runs.slice(0, MOST_NAMES).map(({ text }) => text).join(", ");
  const more = runs.slice(MOST_NAMES).reduce((sum, { size }) => sum + size, 0);
  return more === 0 ? shown : `${shown} and ${more} more`;
}

/** Exits that count as one although nobody said so. */
function sharedOf(exits: readonly ResolvedExit[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const { exit, egressKey } of exits) {
    if (!egressKey.startsWith("auto:")) continue;
    const group = groups.get(egressKey);
    if (group === undefined) groups.set(egressKey, [exit.id]);
    else group.push(exit.id);
  }
  return [...groups.values()].filter((ids) => ids.length > 1);
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
