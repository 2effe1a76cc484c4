import { blue, dim, red, yellow } from "./terminal.ts";

export interface Meter {
  readonly name: string;
  readonly used: number;
  /** In a word, where it is anything but ready: "banned", "cooldown", "dead". */
  readonly state: string | undefined;
}

const BAR = 10;
const NAME = 15;
/** Name, bar, figures or state, and what stands between them. */
const CELL = NAME + BAR + 13;
/** From this share on a bar changes its colour. */
const NEARLY = 0.8;

/** A bar for each way out, side by side as far as the terminal is wide. */
export function meters(all: readonly Meter[], limit: number, columns: number): string[] {
  const across = Math.max(1, Math.floor((columns - 2) / CELL));
  const down = Math.ceil(all.length / across);
  return Array.from({ length: down }, (_, row) => `  ${Array.from({ length: across }, (__, column) => all[column * down + row]).map((meter) => (meter === undefined ? "" : cell(meter, limit))).join("")}`);
}

function cell({ name, used, state }: Meter, limit: number): string {
  const share = Math.min(1, used / limit);
  const full = share > 0 ? Math.max(1, Math.round(share * BAR)) : 0;
  const paint = share >= NEARLY ? yellow : blue;
  const says = state ?? `${Math.round(used)}/${limit}`;
  return `${name.slice(-NAME + 1).padEnd(NAME)}${paint("█".repeat(full))}${dim("░".repeat(BAR - full))} ${(state === undefined ? dim : red)(says.padEnd(CELL - NAME - BAR - 1))}`;
}
