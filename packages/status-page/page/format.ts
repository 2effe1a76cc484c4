const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** What stands where there is nothing to say. */
export const NOTHING = "–";

export function number(value: number): string {
  return whole.format(value);
}

/** A rate or a mean: a decimal only where it tells something. */
export function rate(value: number): string {
  return value > 0 && value < 100 ? tenth.format(value).replace(/\.0$/, "") : whole.format(value);
}

export function percent(share: number): string {
  const value = share * 100;
  // 99.95 % is not yet all.
  if (value > 99 && value < 100) return `${(Math.floor(value * 10) / 10).toFixed(1)}\u00a0%`;
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)}\u00a0%`;
}

export function latency(ms: number): string {
  if (ms > 0 && ms < 10) return `${tenth.format(ms)}\u00a0ms`;
  return ms < 10_000 ? `${whole.format(ms)}\u00a0ms` : `${tenth.format(ms / 1_000)}\u00a0s`;
}

/** A wait as people count it; whole seconds, so that it does not flicker. */
export function wait(ms: number): string {
  if (!(ms > 0)) return "now";
  if (ms < 1_000) return "<\u00a01\u00a0s";
  if (ms < 90_000) return `${Math.ceil(ms / 1_000)}\u00a0s`;
  if (ms < 90 * 60_000) return `${Math.round(ms / 60_000)}\u00a0min`;
  if (ms < 36 * 3_600_000) return `${Math.round(ms / 3_600_000)}\u00a0h`;
  return `${Math.round(ms / 86_400_000)}\u00a0d`;
}

export function ago(ms: number): string {
  return ms < 1_000 ? "just now" : `${wait(ms)} ago`;
}

export function clock(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB");
}

export function span(ms: number): string {
  if (ms < 1_000) return `${ms}\u00a0ms`;
  if (ms < 60_000) return `${rate(ms / 1_000)}\u00a0s`;
  if (ms < 3_600_000) return `${rate(ms / 60_000)}\u00a0min`;
  return ms < 86_400_000 ? `${rate(ms / 3_600_000)}\u00a0h` : `${rate(ms / 86_400_000)}\u00a0d`;
}

/** A sentence whose figures keep their units beside them, wherever its lines end. */
export function unbroken(text: string): string {
  return text.replace(/(\d) (?=(?:ms|s|min|h|days|%)(?!\w))/g, "$1\u00a0");
}
