/**
 * A rule table as JSON: one file per exchange and market, one rule per endpoint, in a few closed forms that can be copied
 * from an exchange's documentation. No expressions and no code: whatever a form cannot say is a new form.
 */
export interface TableDocument {
  $schema?: string;
  exchange: string;
  /** Date of the documentation that the rules were read from, `"2026-07-21"`. Absent: the table belongs to no date. */
  rulesVersion?: string;
  /** When somebody last compared the table with the documentation. */
  checked?: string;
  /** First day that the table's history knows about. */
  knownSince?: string;
  /** Set by `tableAsOf`: the past day whose rules these are. */
  asOf?: string;
  source: string;
  note?: string;
  hosts?: string[];
  /** The header that names the account whose limits apply. */
  account?: { header: string };
  /** Headers of answers that say how much is used: `prefix`, then number and letter of the interval. */
  usedHeaders?: UsedHeader[];
  /** Requests above this weight are reported as heavy. @default 10 */
  heavyWeight?: number;
  /** What comes before the method's name in the path of a JSON-RPC interface, `"/api/v2/"`. */
  rpcPath?: string;
  limiters?: LimiterEntry[];
  /** What an endpoint costs that has no rule. @default weight 1, with a warning */
  unknownEndpoint?: UnknownEntry;
  rules: RuleEntry[];
}

export interface UsedHeader {
  readonly prefix: string;
  readonly unit: string;
}

export interface LimiterEntry {
  id: string;
  unit?: string;
  scope: "ip" | "account" | "target";
  limit: number;
  /** Of a fixed or sliding window. */
  windowSeconds?: number;
  /** Of a bucket. */
  refillPerSecond?: number;
  window: "fixed" | "sliding" | "bucket";
  usedHeader?: string;
  since?: string;
  until?: string;
  source?: string;
  note?: string;
}

export interface UnknownEntry {
  weight: number;
  warn?: boolean;
  also?: ExtraCharge[];
}

export interface ExtraCharge {
  limit: string;
  units: number;
}

/** `[500, 25]`: up to and including 500 costs 25. `["more", 250]` is the last. */
export type Step = [upTo: number | "more", weight: number];

export interface RuleEntry {
  method?: string;
  /** Exact, or with one `*` at its end. */
  path?: string;
  /** Name of a JSON-RPC method instead of method and path; may end in `*`. */
  rpc?: string;

  // What it weighs; exactly one of these forms.
  weight?: number;
  byLimit?: { param: string; default?: number; steps: Step[] };
  /** Flat price by the number of items in a list parameter. */
  byCount?: { param: string; steps: Step[] };
  /** Price per item of a list parameter. */
  perItem?: { param: string; each: number; max: number };
  perSymbol?: number;
  max?: number;
  withSymbol?: number;
  noSymbol?: number;
  withParam?: Record<string, number>;
  otherwise?: number;

  /** What it really costs when the answer is a success. */
  onSuccess?: number;
  /** Units on limits of unit "order", all of them or by name. */
  orders?: number | Record<string, number>;
  /** Further units on limits by name. */
  also?: ExtraCharge[];

  // An endpoint with a counter of its own.
  count?: number;
  perSeconds?: number;
  /** `ip`, `uid`, `masterUid`, `uidOrIp`, and names of parameters such as `instId`. */
  key?: string[];
  /** "order": the items of the body are counted, not the call. @default "request" */
  unit?: "request" | "order";
  /** Most items of one call; what a body costs that cannot be read. */
  most?: number;
  /** Whose counter a batch of one belongs to, `"POST /api/v5/trade/order"`. */
  single?: string;
  /** A limit that counts each order that is not for spot or margin. */
  orderLimit?: string;
  /** Further windows of the same counter. */
  windows?: { count: number; perSeconds: number }[];

  // A method that draws on a pool.
  cost?: number;
  pool?: string | string[];
  /** The pool of callers without credentials. */
  anonymousPool?: string;
  withoutParam?: { param: string; pool: string };

  since?: string;
  until?: string;
  source?: string;
  note?: string;
}

/** How messages name a rule: `GET /api/v3/depth`. */
export function endpointOf(rule: RuleEntry): string {
  return rule.rpc ?? `${rule.method ?? "?"} ${rule.path ?? "?"}`;
}
