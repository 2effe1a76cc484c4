import { endpointOf, type LimiterEntry, type RuleEntry, type Step, type TableDocument } from "./table.ts";

/** What a table's fields must mean together; the shape has been checked. */
export function ruleProblems(table: TableDocument): string[] {
  const problems: string[] = [];
  const limiters = new Set((table.limiters ?? []).map(({ id }) => id));
  (table.limiters ?? []).forEach((entry, index) => {
    for (const problem of limiterProblems(entry)) problems.push(`limiter ${index + 1} (${entry.id}): ${problem}`);
  });
  table.rules.forEach((rule, index) => {
    for (const problem of [...formProblems(rule, table), ...limitProblems(rule, limiters, table), ...impossible(rule, table)]) problems.push(`rule ${index + 1} (${endpointOf(rule)}): ${problem}`);
  });
  for (const { limit } of table.unknownEndpoint?.also ?? []) {
    if (!limiters.has(limit)) problems.push(`unknownEndpoint: there is no limiter \`${limit}\``);
  }
  problems.push(...twins(table.limiters ?? [], ({ id }) => id, "limiter"), ...twins(table.rules, endpointOf, "rule"));
  return problems;
}

function limiterProblems(entry: LimiterEntry): string[] {
  const problems: string[] = [];
  const needed = entry.window === "bucket" ? "refillPerSecond" : "windowSeconds";
  const other = entry.window === "bucket" ? "windowSeconds" : "refillPerSecond";
  if (entry[needed] === undefined) problems.push(`a ${entry.window} window needs \`${needed}\``);
  if (entry[other] !== undefined) problems.push(`\`${other}\` does not belong to a ${entry.window} window`);
  return [...problems, ...dateProblems(entry)];
}

/** Each form with the fields that belong to it; the first one names it. */
const FORMS: readonly (readonly (keyof RuleEntry)[])[] = [
  ["weight"],
  ["byLimit"],
  ["perSymbol", "max", "noSymbol"],
  ["byCount", "withSymbol", "noSymbol"],
  ["perItem", "withSymbol", "noSymbol"],
  ["withSymbol", "noSymbol"],
  ["withParam", "otherwise"],
  ["count", "perSeconds", "key", "unit", "most", "single", "orderLimit", "windows"],
  ["cost", "pool", "anonymousPool", "withoutParam"],
];
const FORM_FIELDS = new Set(FORMS.flat());

function formProblems(rule: RuleEntry, table: TableDocument): string[] {
  const problems = dateProblems(rule);
  if (rule.rpc === undefined ? rule.method === undefined || rule.path === undefined : rule.method !== undefined || rule.path !== undefined) {
    problems.push("needs `method` and `path`, or `rpc` alone");
  }
  if (rule.rpc !== undefined && table.rpcPath === undefined) problems.push("`rpc` needs the table's `rpcPath`");
  if (rule.method !== undefined && rule.method !== rule.method.toUpperCase()) problems.push("`method` must be in capitals");
  if (rule.path !== undefined && rule.path !== "*" && !rule.path.startsWith("/")) problems.push("`path` must begin with \"/\"");
  if (/[?#]/.test(rule.path ?? "")) problems.push("`path` must not have a query");
  if (/\*./.test(rule.path ?? rule.rpc ?? "")) problems.push("`*` may only stand at the end");

  const form = FORMS.find(([name]) => rule[name] !== undefined);
  if (form === undefined) return [...problems, "has no weight: give one of weight, byLimit, byCount, perItem, perSymbol, withSymbol, withParam, count, cost"];
  for (const field of FORM_FIELDS) {
    if (rule[field] !== undefined && !form.includes(field)) problems.push(`\`${field}\` does not go with \`${form[0]}\``);
  }
  for (const name of ["byLimit", "byCount"] as const) {
    const steps = rule[name]?.steps;
    if (steps !== undefined) problems.push(...stepProblems(steps));
  }
  if (rule.perSymbol !== undefined && rule.max === undefined) problems.push("`perSymbol` needs `max`");
  if (form[0] === "withSymbol" && rule.noSymbol === undefined) problems.push("`withSymbol` needs `noSymbol`");
  if (rule.withParam !== undefined && (rule.otherwise === undefined || Object.keys(rule.withParam).length === 0)) problems.push("`withParam` needs a parameter and `otherwise`");
  if (rule.count !== undefined && (rule.perSeconds === undefined || rule.key === undefined)) problems.push("`count` needs `perSeconds` and `key`");
  if (rule.unit === "order" && rule.most === undefined) problems.push("`unit: \"order\"` needs `most`");
  if (rule.cost !== undefined && rule.pool === undefined) problems.push("`cost` needs `pool`");
  return problems;
}

function stepProblems(steps: readonly Step[]): string[] {
  const problems: string[] = [];
  steps.forEach(([upTo], index) => {
    if (upTo === "more" && index < steps.length - 1) problems.push("\"more\" must be the last step");
    const before = steps[index - 1]?.[0];
    if (typeof upTo === "number" && typeof before === "number" && upTo <= before) problems.push(`steps must rise: ${upTo} comes after ${before}`);
  });
  if (steps.at(-1)?.[0] !== "more") problems.push("the last step must be \"more\"");
  return problems;
}

function limitProblems(rule: RuleEntry, limiters: ReadonlySet<string>, table: TableDocument): string[] {
  const named = [
    ...(rule.also ?? []).map(({ limit }) => limit),
    ...[rule.pool ?? []].flat(),
    ...[rule.anonymousPool, rule.withoutParam?.pool, rule.orderLimit].filter((id) => id !== undefined),
    ...(typeof rule.orders === "object" ? Object.keys(rule.orders) : []),
  ];
  const problems = named.filter((id) => !limiters.has(id)).map((id) => `there is no limiter \`${id}\``);
  if (rule.single !== undefined && !table.rules.some((other) => other.count !== undefined && endpointOf(other) === rule.single)) {
    problems.push(`\`single\` names \`${rule.single}\`, which has no counter`);
  }
  return problems;
}

/** What costs more than a limiter of today ever allows could never be sent; the rest of a rule's bands may. */
function impossible({ cost, pool, until, weight }: RuleEntry, { limiters = [] }: TableDocument): string[] {
  if (until !== undefined) return [];
  const today = limiters.filter((entry) => entry.until === undefined);
  const counting = weight === undefined ? today.filter(({ id }) => [pool ?? []].flat().includes(id)) : today.filter(({ unit = "weight" }) => unit === "weight");
  const units = weight ?? cost ?? 0;
  return counting.filter(({ limit }) => units > limit).map(({ id, limit }) => `costs ${units}, more than limiter \`${id}\` ever allows (${limit})`);
}

function dateProblems({ since, until }: { since?: string; until?: string }): string[] {
  return since !== undefined && until !== undefined && since > until ? [`\`since\` ${since} is after \`until\` ${until}`] : [];
}

/** Two entries for one thing are its history only if they end on different days. */
function twins<E extends { until?: string }>(entries: readonly E[], nameOf: (entry: E) => string, kind: string): string[] {
  const seen = new Map<string, number>();
  const problems: string[] = [];
  entries.forEach((entry, index) => {
    const key = `${nameOf(entry)} until ${entry.until ?? "today"}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else problems.push(`${kind} ${index + 1} (${nameOf(entry)}): the same as ${kind} ${first + 1}`);
  });
  return problems;
}
