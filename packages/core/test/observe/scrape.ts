import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import type { ExitPool } from "../../src/index.ts";
import { prometheusText } from "../../src/metrics.ts";
import { parseExposition, type Metric } from "./exposition.ts";

export function scrape(pool: ExitPool | readonly ExitPool[]): Map<string, Metric> {
  const text = prometheusText(pool);
  lint(text);
  return parseExposition(text);
}

/** What Prometheus' own tool says of it, where there is one. */
function lint(text: string): void {
  const { error, status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  if (error !== undefined) return;
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.equal(stderr + stdout, "");
}
