import { CellBatch, EXIT, FIELDS } from "../health/cell-batch.ts";
import { eachCell } from "../health/saved-beliefs.ts";
import type { QuotaLimit } from "../quota/limit.ts";
import type { PauseReason } from "../quota/pauses.ts";
import { yieldToLoop } from "../time/yield-to-loop.ts";
import { hostBeliefs, poolBeliefs } from "./beliefs-of.ts";
import { CellReader, CellWriter, FORGET_DAYS, RecordWriter } from "./cells.ts";
import { CounterWriter } from "./counters.ts";
import { isHashedAccount, isName, MOST_EXITS, MOST_NAMED, MOST_TARGETS } from "./format.ts";
import { KeptBeliefs } from "./kept-beliefs.ts";
import type { Parts, Remembered } from "./parts.ts";
import type { Recall } from "./recall.ts";

/** After so long everybody else has a turn: a snapshot of 20,000 exits at ten targets takes longer than a socket should wait. */
const LONGEST_BLOCK_MS = 5;
const DAY_MS = 86_400_000;

/**
 * What a pool knows, as the text of a state file: outcomes and rests of its exits, who is banned or paused and for how long,
 * what has been used of each limit, and how far the servers' clocks are from ours. No password, no key, no request.
 *
 * @param closing nothing is sent any more
 * @param before what an earlier file remembers of exits and hosts that have not come back yet
 */
export async function takeSnapshot(parts: Parts, before: Recall | undefined, closing: boolean): Promise<string> {
  const { clock } = parts;
  const savedAt = Math.round(clock.wallTime());
  const names = new Names(parts, before, savedAt);
  const kept = before === undefined ? undefined : new KeptBeliefs(before, before.sinceMs(clock.now()));
  let begunAt = clock.now();
  const breathe = async (): Promise<void> => {
    if (clock.now() - begunAt < LONGEST_BLOCK_MS) return;
    await yieldToLoop();
    begunAt = clock.now();
  };

  const targets: string[] = [];
  for (const target of [...parts.targets].slice(0, MOST_TARGETS)) {
    if (!isName(target.name)) continue;
    targets.push(liveTarget(target, parts, before, names, kept));
    await breathe();
  }
  if (before !== undefined && kept !== undefined) {
    for (const name of before.state.targets.keys()) {
      if (before.isDone(name) || targets.length >= MOST_TARGETS) continue;
      const target = absentTarget(name, before, names, kept, clock.now(), savedAt);
      if (target !== undefined) targets.push(target);
      await breathe();
    }
  }
  const records = names.records();
  await breathe();
  const believed = JSON.stringify(poolBeliefs(parts.health.beliefs, names.indices, (number) => kept?.of(names.earlier(number)))).slice(1, -1);
  await breathe();
  return `{"version":2,"savedAt":${savedAt},"closed":${closing},"exits":${JSON.stringify(names.ids)},"records":"${records}",${believed === "" ? "" : `${believed},`}"targets":[${targets.join(",")}]}\n`;
}

/** Numbers the exits of which there is something to say, as they turn up. */
class Names {
  readonly ids: string[] = [];
  readonly #parts: Parts;
  readonly #before: Recall | undefined;
  readonly #daysSince: number;
  /** By number: the index in the table, or the number in the earlier file. */
  readonly #isLive: boolean[] = [];
  readonly #whose: number[] = [];
  readonly #ofIndex: Int32Array;
  readonly #ofEarlier = new Map<number, number>();

  constructor(parts: Parts, before: Recall | undefined, savedAt: number) {
    const { table, health } = parts;
    this.#parts = parts;
    this.#before = before;
    this.#daysSince = before === undefined ? 0 : daysBetween(before.state.savedAt, savedAt);
    this.#ofIndex = new Int32Array(table.length).fill(-1);
    // Numbers that rise with the index make small steps from one cell to the next.
    for (let exit = 0; exit < table.length; exit++) if (health.records.isKnown(exit)) this.ofIndex(exit);
    for (const exit of before?.missing.keys() ?? []) this.ofEarlier(exit);
  }

  /** Of an exit of the pool; -1 where it cannot be written down, or came after the snapshot was begun. */
  ofIndex(exit: number): number {
    if (exit >= this.#ofIndex.length) return -1;
    const known = this.#ofIndex[exit];
    const id = this.#parts.table.exits[exit]?.id;
    return known >= 0 || !isName(id) ? known : (this.#ofIndex[exit] = this.#add(id, true, exit));
  }

  /** Of an exit by its number in the earlier file. */
  ofEarlier(exit: number): number {
    const before = this.#before as Recall;
    if (before.placeOf[exit] >= 0) return this.ofIndex(before.placeOf[exit]);
    const known = this.#ofEarlier.get(exit);
    if (known !== undefined) return known;
    const missing = before.missing.get(exit);
    const number = missing === undefined || missing.unseenDays + this.#daysSince > FORGET_DAYS ? -1 : this.#add(before.state.exits[exit], false, exit);
    this.#ofEarlier.set(exit, number);
    return number;
  }

  /** The same of exits that have not come back yet; -1 of the others. */
  ofMissing(exit: number): number {
    return this.#before === undefined || this.#before.placeOf[exit] >= 0 ? -1 : this.ofEarlier(exit);
  }

  records(): string {
    const { clock, health } = this.#parts;
    const tick = health.epoch.tick(clock.now());
    const records = new RecordWriter();
    for (let i = 0; i < this.ids.length; i++) {
      const whose = this.#whose[i];
      if (this.#isLive[i]) {
        records.add(health.records.save(whose, tick), 0);
      } else {
        const missing = this.#before?.missing.get(whose);
        records.add(missing?.record, (missing?.unseenDays ?? 0) + this.#daysSince);
      }
    }
    return records.base64();
  }

  /** Of one that is not there: its number in the earlier file. */
  earlier(number: number): number {
    return this.#whose[number];
  }

  /** By number: the index in the table, or -1. */
  get indices(): number[] {
    return this.#whose.map((whose, i) => (this.#isLive[i] ? whose : -1));
  }

  #add(id: string, live: boolean, whose: number): number {
    if (this.ids.length >= MOST_EXITS) return -1;
    this.#isLive.push(live);
    this.#whose.push(whose);
    return this.ids.push(id) - 1;
  }
}

type PauseRow = [forMs: number, reason: PauseReason, whose: number | string];

function liveTarget(target: Remembered, { clock, table }: Parts, before: Recall | undefined, names: Names, kept: KeptBeliefs | undefined): string {
  const now = clock.now();
  const wall = clock.wallTime();
  const { name, pauses, health, serverClock, quota } = target;
  const { beliefs } = health;
  const cells = new CellWriter();
  health.eachKnown(now, (batch) => {
    const { values } = batch;
    for (let at = EXIT, end = batch.count * FIELDS; at < end; at += FIELDS) values[at] = names.ofIndex(values[at]);
    cells.add(batch);
  });
  // Exits that share an egress share its bans and counters: the first of them stands for all.
  const leader = (egress: number): number => names.ofIndex(table.membersOf(egress)[0]);
  const paused: PauseRow[] = [];
  for (const { egress, until, reason } of pauses.entries(now)) if (leader(egress) >= 0) paused.push([Math.ceil(until - now), reason, leader(egress)]);
  const accounts: PauseRow[] = [];
  for (const { account, until, reason } of pauses.accounts(now)) if (isHashedAccount(account)) accounts.push([Math.ceil(until - now), reason, account]);
  if (before?.isDone(name) === true && before.missing.size > 0) handOn(name, before, now, (exit) => names.ofMissing(exit), cells, paused);
  return asJson(cells, {
    name,
    offset: serverClock.known ? [serverClock.earliest(now) - wall, serverClock.latest(now) - wall] : undefined,
    pauses: paused,
    accounts,
    whole: pauses.wholeUntil > now ? [Math.ceil(pauses.wholeUntil - now), pauses.reasonForAll(undefined)] : undefined,
    limits: (quota?.current ?? []).map((limit) => savedLimit(limit, leader, now)),
    ...hostBeliefs([beliefs.accepted, beliefs.refused, beliefs.ownOffset], (add) => {
      eachCell(beliefs, (exit, belief) => add(names.ofIndex(exit), belief));
      const saved = before?.isDone(name) === true ? before.state.targets.get(name) : undefined;
      if (saved !== undefined) kept?.eachAt(saved, false, (exit, belief) => add(names.ofMissing(exit), belief));
    }),
  });
}

/** Half a megabyte of base64 holds nothing that would have to be escaped, so it is not searched for that. */
function asJson(cells: CellWriter, rest: object): string {
  return `${JSON.stringify(rest).slice(0, -1)},"cells":"${cells.base64()}"}`;
}

/** What an earlier file says of a target, with what time has done to it. */
function handOn(name: string, before: Recall, now: number, numberOf: (exit: number) => number, cells: CellWriter, paused: PauseRow[]): void {
  const saved = before.state.targets.get(name);
  if (saved === undefined) return;
  const sinceMs = before.sinceMs(now);
  const reader = new CellReader(saved.cells, before.placeOf.length, sinceMs);
  const batch = new CellBatch();
  while (reader.fill(batch)) {
    const { values } = batch;
    for (let at = EXIT, end = batch.count * FIELDS; at < end; at += FIELDS) values[at] = numberOf(values[at]);
    cells.add(batch);
  }
  for (const { exit, forMs, reason } of saved.pauses) {
    const number = forMs > sinceMs ? numberOf(exit) : -1;
    if (number >= 0) paused.push([Math.ceil(forMs - sinceMs), reason, number]);
  }
}

/** Counters of exits as bytes, those with names of their own as rows. */
function savedLimit(limit: QuotaLimit, leader: (egress: number) => number, now: number): object {
  const named: unknown[] = [];
  let writer: CounterWriter | undefined;
  for (const { egress, account, key, count, pausedUntil } of limit.counters(now)) {
    const pausedForMs = Math.max(0, Math.ceil(pausedUntil - now));
    const exit = egress === undefined ? null : leader(egress);
    if (exit === -1 || (account !== undefined && !isHashedAccount(account))) continue;
    if (exit !== null && key === undefined) (writer ??= new CounterWriter(count?.window ?? 0)).add(exit, { count, pausedForMs });
    else if (named.length < MOST_NAMED) named.push([exit, account ?? null, key ?? null, count?.used ?? 0, count?.window ?? null, count?.next ?? 0, pausedForMs]);
  }
  const { name, unit, scope, align, meter } = limit;
  return { name, unit, scope, align, perMs: meter.perMs, counters: writer?.base64() ?? "", named };
}

/** A host that nobody has asked for since the start. */
function absentTarget(name: string, before: Recall, names: Names, kept: KeptBeliefs, now: number, savedAt: number): string | undefined {
  const saved = before.state.targets.get(name);
  const unseenDays = (saved?.unseenDays ?? 0) + daysBetween(before.state.savedAt, savedAt);
  if (saved === undefined || unseenDays > FORGET_DAYS) return undefined;
  const sinceMs = before.sinceMs(now);
  const cells = new CellWriter();
  const pauses: PauseRow[] = [];
  handOn(name, before, now, (exit) => names.ofEarlier(exit), cells, pauses);
  const accounts = saved.accounts.filter(({ forMs }) => forMs > sinceMs).map(({ account, forMs, reason }): PauseRow => [Math.ceil(forMs - sinceMs), reason, account]);
  const whole = saved.whole !== undefined && saved.whole.forMs > sinceMs ? [Math.ceil(saved.whole.forMs - sinceMs), saved.whole.reason] : undefined;
  // Counters are not handed on: it would have to be asked for again only after two starts within one window.
  const believed = hostBeliefs(saved.host, (add) => kept.eachAt(saved, true, (exit, belief) => add(names.ofEarlier(exit), belief)));
  return asJson(cells, { name, unseenDays, offset: saved.offset, pauses, accounts, whole, limits: [], ...believed });
}

function daysBetween(from: number, to: number): number {
  return Math.max(0, Math.floor(to / DAY_MS) - Math.floor(from / DAY_MS));
}
