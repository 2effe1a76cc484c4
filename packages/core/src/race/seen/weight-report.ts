import type { WeightAnalysis } from "../../model/pool.ts";
import type { Target } from "../target.ts";

/** What was sent to all targets, as one analysis; an endpoint of several targets carries the target's name. */
export function weightAnalysisOf(targets: Iterable<Target>): WeightAnalysis {
  const weighed = [...targets].filter((target) => target.history !== undefined);
  const all: WeightAnalysis = { totalRequests: 0, highWeightRequests: 0, averageWeight: 0, opportunities: [], drift: [], tips: [] };
  let weight = 0;
  for (const target of weighed) {
    const one = target.history?.analysis(target.calibrator?.drift());
    if (one === undefined || one.totalRequests === 0) continue;
    const named = (endpoint: string): string => (weighed.length === 1 ? endpoint : `${target.name}: ${endpoint}`);
    all.totalRequests += one.totalRequests;
    all.highWeightRequests += one.highWeightRequests;
    weight += one.averageWeight * one.totalRequests;
    all.opportunities.push(...one.opportunities.map((row) => ({ ...row, endpoint: named(row.endpoint) })));
    all.drift.push(...one.drift.map((row) => ({ ...row, endpoint: named(row.endpoint) })));
    all.tips.push(...one.tips.map((tip) => named(tip)));
  }
  all.averageWeight = all.totalRequests === 0 ? 0 : weight / all.totalRequests;
  all.opportunities.sort((a, b) => b.saves - a.saves);
  return all;
}
