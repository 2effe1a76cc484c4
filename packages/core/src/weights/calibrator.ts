import type { CompiledRule, RequestCost } from "./cost.ts";

/** An endpoint whose weight differs from what its table says. */
export interface Drift {
  readonly endpoint: string;
  /** What the table says. */
  readonly table: number;
  /** What the server counts. */
  readonly observed: number;
  readonly samples: number;
}

export interface Calibration extends Drift {
  /** `raised`: counted as `observed` from now on. `too-high`: only said; nothing is ever lowered below its table. */
  readonly kind: "raised" | "too-high";
  /** A rule for the table that would say so, for a person to accept. */
  readonly proposal?: object;
}

export interface CalibratorOptions {
  /**
   * Samples in a row that must all be above what is counted.
   * @default 5
   */
  raiseAfter?: number;
  /**
   * Samples in a row that must all be below the table.
   * @default 20
   */
  reportLowerAfter?: number;
  onChange?: (change: Calibration) => void;
}

/** More bands than any table has; what comes later is not learnt. */
const MAX_BANDS = 5_000;

interface Band {
  readonly endpoint: string;
  readonly table: number;
  /** What is counted now: the table's weight, or more. */
  counted: number;
  samples: number;
  /** The latest samples, a ring. Not all there ever were: the exchange may change its mind at midnight. */
  readonly recent: number[];
  /** Samples below the table in a row, and the greatest of them. */
  below: number;
  belowMost: number;
  toldLower: boolean;
  /** The greatest weight that was announced. */
  toldRaised: number;
}

/**
 * Learns from used-weight headers what requests really cost. A difference between two answers with nothing of ours between
 * them is the request's own weight plus whatever others spent on the same address meanwhile: the least of several is the weight.
 */
export class Calibrator {
  readonly #raiseAfter: number;
  readonly #reportLowerAfter: number;
  readonly #onChange: ((change: Calibration) => void) | undefined;
  readonly #bands = new Map<CompiledRule, Map<string, Band>>();
  #size = 0;

  constructor(options: CalibratorOptions = {}) {
    this.#raiseAfter = Math.max(1, options.raiseAfter ?? 5);
    this.#reportLowerAfter = Math.max(1, options.reportLowerAfter ?? 20);
    this.#onChange = options.onChange;
  }

  /**
   * One sample: `cost` as it was reserved, `observed` the difference that it made. `succeeded`: successes of rules that
   * charge less for them are learnt apart, or they would teach that the request is free.
   */
  observe(cost: RequestCost, observed: number, succeeded = false): void {
    const { rule } = cost;
    if (rule === undefined || !Number.isInteger(observed) || observed < 0) return;
    const onSuccess = succeeded && cost.settleOnSuccess !== undefined;
    const band = this.#bandOf(rule, cost, onSuccess);
    if (band === undefined) return;
    if (band.recent.length < this.#raiseAfter) band.recent.push(observed);
    else band.recent[band.samples % this.#raiseAfter] = observed;
    band.samples++;
    this.#raise(rule, cost.tableWeight, band, onSuccess);
    this.#tellLower(rule, cost.tableWeight, band, observed, onSuccess);
  }

  /** Everything that differs from its table now. */
  drift(): Drift[] {
    const found: Drift[] = [];
    for (const bands of this.#bands.values()) {
      for (const { endpoint, table, counted, samples, toldLower, belowMost } of bands.values()) {
        if (counted > table) found.push({ endpoint, table, observed: counted, samples });
        else if (toldLower) found.push({ endpoint, table, observed: belowMost, samples });
      }
    }
    return found;
  }

  #raise(rule: CompiledRule, tableWeight: number, band: Band, onSuccess: boolean): void {
    const full = band.recent.length >= this.#raiseAfter;
    // What we raised ourselves may come down again as soon as one sample shows that others had a part in it.
    const least = Math.max(band.table, Math.min(...band.recent));
    if (least === band.counted || (least > band.counted && !full)) return;
    const raised = least > band.counted;
    band.counted = least;
    rule.calibrate(tableWeight, least, onSuccess);
    // Once for each new height: other programs' traffic can make it rise and fall all day.
    if (!raised || least <= band.toldRaised) return;
    band.toldRaised = least;
    this.#tell("raised", rule, tableWeight, band, least, onSuccess);
  }

  #tellLower(rule: CompiledRule, tableWeight: number, band: Band, observed: number, onSuccess: boolean): void {
    if (observed >= band.table) {
      band.below = 0;
      band.belowMost = 0;
      band.toldLower = false;
      return;
    }
    band.below++;
    band.belowMost = Math.max(band.belowMost, observed);
    if (band.toldLower || band.below < this.#reportLowerAfter) return;
    band.toldLower = true;
    this.#tell("too-high", rule, tableWeight, band, band.belowMost, onSuccess);
  }

  #tell(kind: Calibration["kind"], rule: CompiledRule, tableWeight: number, { endpoint, table, samples }: Band, observed: number, onSuccess: boolean): void {
    if (this.#onChange === undefined) return;
    const proposal = rule.propose(tableWeight, observed, onSuccess);
    this.#onChange({ kind, endpoint, table, observed, samples, ...(proposal === undefined ? {} : { proposal }) });
  }

  #bandOf(rule: CompiledRule, cost: RequestCost, onSuccess: boolean): Band | undefined {
    let bands = this.#bands.get(rule);
    if (bands === undefined) this.#bands.set(rule, (bands = new Map<string, Band>()));
    const key = `${cost.tableWeight}${onSuccess ? " on success" : ""}`;
    let band = bands.get(key);
    if (band === undefined) {
      if (this.#size >= MAX_BANDS) return undefined;
      this.#size++;
      const table = onSuccess ? cost.settleOnSuccess?.weight ?? 0 : cost.tableWeight;
      const what = [rule.band(cost.tableWeight), onSuccess ? "on success" : undefined].filter((part) => part !== undefined).join(", ");
      band = { endpoint: what === "" ? rule.endpoint : `${rule.endpoint} (${what})`, table, counted: table, samples: 0, recent: [], below: 0, belowMost: 0, toldLower: false, toldRaised: table };
      bands.set(key, band);
    }
    return band;
  }
}
