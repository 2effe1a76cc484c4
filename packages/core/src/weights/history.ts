import type { CompiledRule, RequestCost } from "./cost.ts";
import type { Drift } from "./calibrator.ts";

/** What was really sent, looked at for savings. */
export interface WeightAnalysis {
  totalRequests: number;
  highWeightRequests: number;
  averageWeight: number;
  /** Cheaper ways for what was sent, the greatest saving first. `saves`: over all of those requests. */
  opportunities: { endpoint: string; count: number; change: string; saves: number }[];
  drift: { endpoint: string; table: number; observed: number; samples: number }[];
  tips: string[];
}

export interface HistoryOptions {
  /**
   * Requests above this weight are heavy.
   * @default 10
   */
  heavyWeight?: number;
}

const MAX_OPPORTUNITIES = 20;
const MAX_TIPS = 8;
/** Weights told apart for one rule: a price per symbol has many. */
const MAX_BANDS = 1_000;
/** One endpoint with this share of all weight is worth a word, once there is enough to judge by. */
const DOMINANT_SHARE = 0.5;
const DOMINANT_REQUESTS = 100;

/** Counts the requests of one target by rule and weight; a few additions for each request. */
export class WeightHistory {
  readonly #heavyWeight: number;
  readonly #counts = new Map<CompiledRule, Map<number, number>>();
  #requests = 0;
  #weight = 0;
  #heavy = 0;

  constructor(options: HistoryOptions = {}) {
    this.#heavyWeight = options.heavyWeight ?? 10;
  }

  record(cost: RequestCost): void {
    const { weight, rule } = cost;
    this.#requests++;
    this.#weight += weight;
    if (weight > this.#heavyWeight) this.#heavy++;
    if (rule === undefined) return;
    let bands = this.#counts.get(rule);
    if (bands === undefined) this.#counts.set(rule, (bands = new Map<number, number>()));
    const band = cost.tableWeight;
    if (bands.size < MAX_BANDS || bands.has(band)) bands.set(band, (bands.get(band) ?? 0) + 1);
  }

  analysis(drift: readonly Drift[] = []): WeightAnalysis {
    const opportunities = this.#opportunities();
    return {
      totalRequests: this.#requests,
      highWeightRequests: this.#heavy,
      averageWeight: this.#requests === 0 ? 0 : this.#weight / this.#requests,
      opportunities,
      drift: drift.map(({ endpoint, table, observed, samples }) => ({ endpoint, table, observed, samples })),
      tips: [...opportunities.map(opportunityTip), ...drift.map(driftTip), ...this.#otherTips()].slice(0, MAX_TIPS),
    };
  }

  #opportunities(): WeightAnalysis["opportunities"] {
    const found: WeightAnalysis["opportunities"] = [];
    for (const [rule, bands] of this.#counts) {
      for (const [weight, count] of bands) {
        const advice = rule.advise(weight)[0];
        if (advice !== undefined) found.push({ endpoint: rule.endpoint, count, change: advice.change, saves: advice.saves * count });
      }
    }
    return found.sort((a, b) => b.saves - a.saves).slice(0, MAX_OPPORTUNITIES);
  }

  #otherTips(): string[] {
    const tips: string[] = [];
    for (const [rule, bands] of this.#counts) {
      let weight = 0;
      let count = 0;
      for (const [each, times] of bands) {
        weight += each * times;
        count += times;
      }
      if (!rule.known) tips.push(`${rule.endpoint}: no rule in the table, ${count} ${requests(count)} counted by its fallback; add a rule`);
      else if (count >= DOMINANT_REQUESTS && weight > this.#weight * DOMINANT_SHARE) {
        tips.push(`${rule.endpoint}: ${Math.round((weight / this.#weight) * 100)} % of all weight in ${count} requests; ask less often, or take a stream where there is one`);
      }
    }
    return tips;
  }
}

function opportunityTip({ endpoint, count, change, saves }: WeightAnalysis["opportunities"][number]): string {
  return `${endpoint}: ${change} (${count} ${requests(count)}, would have saved ${saves})`;
}

function driftTip({ endpoint, table, observed }: Drift): string {
  return `${endpoint}: costs ${observed} by what the server counts, the table says ${table}; update the table`;
}

function requests(count: number): string {
  return count === 1 ? "request" : "requests";
}
