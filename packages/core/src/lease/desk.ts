import type { ExitTable } from "../exits/exit-table.ts";
import type { Demand } from "../quota/demand.ts";
import { needAt } from "../quota/needs.ts";
import type { Pauses } from "../quota/pauses.ts";
import type { Quota } from "../quota/quota.ts";
import { Carry } from "./carry.ts";
import type { DeskRules, Rests } from "./desk-rules.ts";
import { FITS, GONE, SKIP, type Fit } from "./fit.ts";
import { Leftovers } from "./leftovers.ts";
import type { Order } from "./order.ts";
import { BUSY, later, NOWHERE, Places, READY, SHORT, SPACED, WAITING } from "./places.ts";
import { isShutFor } from "./shut.ts";

/** As long as the default spacing of proxies: by then another one is free, or none will be soon. */
const PATIENCE_MS = 500;

/**
 * Who gets which exit at one target: offers usable exits in order, and takes what the request costs before it is sent.
 *
 * What an exit must wait for is found out when it is offered, not when it happens; so nothing here grows with the number of
 * exits, except the moment when many of them come back at once.
 */
export class Desk {
  /** When it is worth asking again, after `choose` said no; `Infinity` where only a release can help. */
  wakeAt = Infinity;
  /** After `choose` or `chooseExit` said no: which of the demand's limits no exit has room of, -1: not for want of that alone … */
  lackAt = -1;
  /** … and what names it; `undefined`: nothing is lacked but exits. A name is of what each exit counts by itself, a number of what all count together. */
  lack: string | number | undefined;
  /** Somebody may be offered again, or has more room. Whoever looks at it sets it back. */
  stirred = false;
  /** The next question is a slot's: exits that serve another slot are passed over. */
  forSlot = false;
  quota: Quota | undefined;
  readonly pauses: Pauses;
  readonly table: ExitTable;
  private readonly order: Order;
  readonly rests: Rests;
  /** Exits that were refused too often, and what they may carry at once. */
  readonly carry = new Carry();
  rules: DeskRules;
  private readonly places = new Places();
  private readonly leftovers = new Leftovers(this, this.places);

  /** @param first the exit that is admitted first: where an order keeps equals as they came, targets that begin elsewhere try others out */
  constructor(table: ExitTable, order: Order, rests: Rests, quota: Quota | undefined, pauses: Pauses, rules: DeskRules, first = 0) {
    this.table = table;
    this.rests = rests;
    this.order = order;
    this.quota = quota;
    this.pauses = pauses;
    this.rules = rules;
    for (let exit = first; exit < table.length; exit++) this.admit(exit);
    for (let exit = 0; exit < first; exit++) this.admit(exit);
  }

  /** The exit exists from now on. */
  admit(exit: number): void {
    if (!this.mayUse(exit)) return;
    this.places.set(exit, READY);
    this.order.add(exit, false);
  }

  /** Is there such an exit, and can it reach the target at all? */
  mayUse(exit: number): boolean {
    return this.table.reaches(exit, this.rules.family);
  }

  /** The exit is about to be removed; nothing is in flight through it. */
  dismiss(exit: number, now: number): void {
    this.comeBack(now);
    this.order.remove(exit);
    this.places.set(exit, NOWHERE);
    this.leftovers.dry.delete(exit);
    this.carry.forget(exit);
  }

  /**
   * The exit for a request, or -1; then `wakeAt` says when to ask again. Changes nothing that a caller could see.
   *
   * @param tried exits that are only taken where no other comes free within half a second
   * @param mayProxy false when as many attempts run through proxies as may
   */
  choose(demand: Demand | undefined, now: number, tried: readonly number[], mayProxy: boolean): number {
    this.comeBack(now);
    if (this.isShut(demand, now)) return -1;
    // Nearly always it is the first in order, and nobody has to look further.
    const first = this.order.first();
    if (first >= 0 && mayProxy && tried.length === 0 && this.leftovers.short.size === 0 && this.fits(first, demand, now) === FITS) return first;
    return this.search(demand, now, tried, mayProxy);
  }

  private search(demand: Demand | undefined, now: number, tried: readonly number[], mayProxy: boolean): number {
    let second = -1;
    if (this.leftovers.short.size > 0) {
      const light = this.leftovers.fromShort(demand, now, tried, mayProxy);
      if (light >= 0) return light;
    }
    for (let exit = this.order.first(); exit >= 0; ) {
      const fit = this.fits(exit, demand, now);
      if (fit === GONE) {
        exit = this.order.first();
        continue;
      }
      if (fit === FITS && (mayProxy || !this.table.isProxy[exit])) {
        if (tried.length === 0 || !tried.includes(exit)) return exit;
        if (second < 0) second = exit;
      }
      exit = this.order.after(exit);
    }
    const dry = this.leftovers.dry.size === 0 ? -1 : this.leftovers.fromDry(demand, now, tried, mayProxy);
    if (dry >= 0) return dry;
    const nextAt = Math.min(this.wakeAt, this.places.nextAt, this.leftovers.short.wakeAt);
    // A dead exit is always free: to fall back on it at once would use up attempts while a good one is about to be back.
    if (second >= 0 && (tried.length >= this.table.size || nextAt > now + PATIENCE_MS)) return second;
    this.wakeAt = nextAt;
    // Named for what it lacks of exits that are there. Those that are not are another matter, and some may be back before they have more room.
    if (this.lackAt >= 0 && demand !== undefined) this.lack = `${demand.limits[this.lackAt]} ${demand.keys[this.lackAt] ?? ""}`;
    return -1;
  }

  /** May this very exit be used now? Sets `wakeAt` where not. */
  chooseExit(exit: number, demand: Demand | undefined, now: number): boolean {
    this.comeBack(now);
    if (this.isShut(demand, now)) return false;
    const shut = Math.max(this.pauses.untilOf(this.table.egress[exit]), this.spacedUntil(exit));
    if (shut > now) this.wakeAt = shut;
    else if (demand !== undefined && this.quota !== undefined) {
      const egress = this.table.egress[exit];
      if (this.quota.shortOf(demand, egress, now) < 0) return true;
      this.wakeAt = later(now, this.quota.freeAt(demand, egress, now));
    } else return true;
    return false;
  }

  /** Nobody is ready, and nobody will be by an attempt that ends. */
  get empty(): boolean {
    return this.order.size === 0 && this.leftovers.short.size === 0;
  }

  /** An outcome has come: its standing may be another. @param anew what kept it away may be over */
  rescored(exit: number, anew: boolean): void {
    if (anew && this.places.of(exit) === WAITING) this.ready(exit);
    this.order.rescored?.(exit);
  }

  /** What is known of them has been put back: all may stand elsewhere. */
  rescoredAll(): void {
    this.order.rescoredAll?.();
  }

  /**
   * It sends now. @param asking … once a ledger has said that it may; where sends keep a distance nobody else is offered it meanwhile
   * @param inTurn false: on a slot's lease, which has taken its turn: the walk over the exits goes by leases
   */
  take(exit: number, now: number, asking: boolean, inTurn = true): void {
    if (inTurn) this.order.used(exit);
    if (this.leftovers.dry.size > 0) this.leftovers.used(exit);
    const spacingMs = this.table.isProxy[exit] ? this.rules.proxySpacingMs : this.rules.spacingMs;
    if (spacingMs > 0 && !asking) this.space(exit, now, spacingMs);
    else if (spacingMs > 0 || this.isFull(exit, now)) this.markBusy(exit, 0);
  }

  private space(exit: number, now: number, spacingMs: number): void {
    this.order.remove(exit, spacingMs);
    this.places.space(exit, now + spacingMs);
  }

  /** One of its attempts has ended, at this target or another. */
  freed(exit: number): void {
    if (this.places.of(exit) === BUSY) this.ready(exit);
  }

  /** It is known what became of an attempt. What waited for that alone, or for units that came back, is looked at anew. */
  settled(exit: number, gaveBack: boolean): void {
    this.stirred = true;
    for (const member of this.table.membersOf(this.table.egress[exit])) {
      const place = this.places.of(member);
      if (place === SHORT) {
        if (!gaveBack && this.leftovers.short.wakeAt !== Infinity) continue;
        this.leftovers.short.remove(member);
        this.ready(member);
      } else if (place === WAITING && (gaveBack || this.places.readyAt(member) === Infinity)) {
        this.ready(member);
      }
    }
  }

  /** Fewer rests, longer limits: look at everybody anew. */
  reconsider(): void {
    this.restoreShort();
    for (let exit = 0; exit < this.table.length; exit++) if (this.places.of(exit) === WAITING) this.ready(exit);
  }

  spacedUntil(exit: number): number {
    return this.places.of(exit) === SPACED ? this.places.readyAt(exit) : 0;
  }

  /** As many of its attempts are in flight as may be, over all targets or, after refusals, here. */
  isFull(exit: number, now: number): boolean {
    return this.table.inFlight[exit] >= this.rules.perExitInFlight || (this.carry.until > now && this.carriesMost(exit, now));
  }

  private carriesMost(exit: number, now: number): boolean {
    return this.rests.out(exit) >= this.carry.mostOf(exit, now);
  }

  private fits(exit: number, demand: Demand | undefined, now: number): Fit {
    const table = this.table;
    if (this.forSlot && table.held[exit] === 1) return SKIP;
    if (this.isFull(exit, now)) {
      this.markBusy(exit, 0);
      return GONE;
    }
    const egress = table.egress[exit];
    const calm = this.rests.isCalm(exit);
    const paused = this.pauses.latestEnd > now ? this.pauses.untilOf(egress) : 0;
    if ((!calm || paused > now || table.retiring.size > 0) && this.mustWait(exit, paused, now)) return GONE;
    return demand === undefined || this.quota === undefined ? FITS : this.fitsQuota(this.quota, exit, egress, demand, now);
  }

  /** It rests, is paused, on its way out, or half open with its one trial out: then it is away until that is over. */
  private mustWait(exit: number, paused: number, now: number): boolean {
    const until = this.table.retiring.has(exit) ? Infinity : Math.max(paused, this.rests.restsUntil(exit));
    if (until > now) {
      this.wait(exit, until);
      return true;
    }
    if (!this.rests.trialOut(exit)) return false;
    this.markBusy(exit);
    return true;
  }

  private fitsQuota(quota: Quota, exit: number, egress: number, demand: Demand, now: number): Fit {
    const at = quota.shortOf(demand, egress, now);
    if (at < 0) return FITS;
    const index = demand.limits[at];
    const limit = quota.limits[index];
    const free = later(now, quota.freeAt(demand, egress, now));
    // A limit that not every request counts on, or a counter of its own, says nothing about other requests: left in its place.
    if ((limit.unit !== "weight" && limit.unit !== "request") || demand.keys[at] !== undefined) {
      if (free < this.wakeAt) this.wakeAt = free;
      this.lackAt = at;
      return SKIP;
    }
    const row = limit.rowOf(egress, undefined, undefined, now);
    if (limit.room(row, now) < 1) {
      this.wait(exit, Math.min(free, later(now, limit.freeAt(row, now, 1))));
      if (limit.unit === "weight") this.leftovers.dry.set(exit, index);
      return GONE;
    }
    this.order.remove(exit);
    this.places.set(exit, SHORT);
    this.leftovers.short.add(exit, index, needAt(quota, demand, at), free);
    return GONE;
  }

  /** What no exit makes up for: the target or the account is paused, or a limit that counts whichever exit it leaves by has no room. */
  private isShut(demand: Demand | undefined, now: number): boolean {
    this.wakeAt = Infinity;
    this.lackAt = -1;
    this.lack = undefined;
    return (this.pauses.latestForAll > now || demand?.common === true) && isShutFor(this, demand, now);
  }

  /** Nothing but a limit may keep it. */
  isFree(exit: number, now: number, mayProxy: boolean): boolean {
    const { table } = this;
    if ((this.forSlot && table.held[exit] === 1) || !table.isUsable(exit) || (!mayProxy && table.isProxy[exit] === 1) || this.rests.trialOut(exit)) return false;
    return !this.isFull(exit, now) && Math.max(this.pauses.untilOf(table.egress[exit]), this.rests.restsUntil(exit)) <= now;
  }

  /** Whoever has waited long enough is offered again. */
  private comeBack(now: number): void {
    if (!this.places.idle) for (let exit = this.places.next(now); exit >= 0; exit = this.places.next(now)) this.ready(exit);
    if (this.leftovers.short.wakeAt <= now) this.restoreShort();
  }

  private restoreShort(): void {
    for (const exit of this.leftovers.restart()) if (this.places.of(exit) === SHORT) this.ready(exit);
  }

  private ready(exit: number): void {
    this.places.set(exit, READY);
    this.order.add(exit, true);
    this.stirred = true;
    if (this.leftovers.dry.size > 0) this.leftovers.dry.delete(exit);
  }

  private wait(exit: number, until: number): void {
    this.order.remove(exit);
    this.places.wait(exit, until);
  }

  private markBusy(exit: number, forMs?: number): void {
    this.order.remove(exit, forMs);
    this.places.set(exit, BUSY);
    this.table.onFree(exit, this);
  }
}
