import type { Figures } from "./arena.ts";

/** What one policy did in one world under one load, over several seeds. */
export interface Row {
  readonly world: string;
  readonly load: string;
  readonly policy: string;
  readonly seeds: readonly number[];
  readonly runs: readonly Figures[];
}

const NUMBERS = ["tasksPerSecond", "p50", "p99", "requestsPerTask", "firstSuccess", "halfSteady", "failed", "realSeconds", "events"] as const;

/** The mean of each figure, and the standard error of the throughput. */
export function meanOf(runs: readonly Figures[]): Figures & { standardError: number } {
  const mean = Object.fromEntries(NUMBERS.map((name) => [name, average(runs.map((run) => run[name]))])) as unknown as Figures;
  const spread = runs.reduce((sum, run) => sum + (run.tasksPerSecond - mean.tasksPerSecond) ** 2, 0);
  return { ...mean, standardError: runs.length < 2 ? NaN : Math.sqrt(spread / (runs.length - 1) / runs.length) };
}

const HEADINGS = ["policy", "tasks/s", "±", "p50 s", "p99 s", "req/task", "÷ doc", "÷ oracle", "first s", "half s", "failed", "real s"];

/** One table for a world and a load. Closed loop: tasks a second relative to the others; open loop: p99. */
export function tableOf(rows: readonly Row[], open: boolean): string {
  const key = open ? "p99" : "tasksPerSecond";
  const reference = (policy: string): number => {
    const row = rows.find((candidate) => candidate.policy === policy);
    return row === undefined ? NaN : meanOf(row.runs)[key];
  };
  const lines = rows.map(({ policy, runs }) => {
    const mean = meanOf(runs);
    return [policy, ...[mean.tasksPerSecond, mean.standardError, mean.p50, mean.p99, mean.requestsPerTask, mean[key] / reference("doc"), mean[key] / reference("oracle"), mean.firstSuccess, mean.halfSteady, mean.failed, mean.realSeconds].map(shown)];
  });
  const widths = HEADINGS.map((heading, column) => Math.max(heading.length, ...lines.map((line) => line[column].length)));
  return [HEADINGS, ...lines].map((line) => line.map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]))).join("  ")).join("\n");
}

function shown(value: number): string {
  if (Number.isNaN(value)) return "";
  if (!Number.isFinite(value)) return "never";
  if (Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
