import { likelihoodsOf, withOdds, type Ending, type Likelihoods } from "./bayes.ts";
import * as cell from "./cell-beliefs.ts";
import type { Undoable } from "./journal.ts";
import { TIME_GAIN, type PoolBeliefs } from "./pool-beliefs.ts";
import { LN_LONGEST, SLOW } from "./pool-times.ts";
import * as row from "./exit-beliefs.ts";
import { Rows } from "./rows.ts";
import { lastBin } from "./shape.ts";

/** Four of five exits are accepted, until the host has shown otherwise; weighs as much as four exits. */
const PRIOR = { accepted: 3.2, refused: 0.8 };
/** What is believed of a pair fades in ten minutes: bans end, and hosts begin to ban. */
const MEMORY_MS = 600_000;
/** Towards this where the host has ever accepted the exit, else towards half of what is usual at this host. */
const REST_ACCEPTED = 0.8;
/** Of a failure where the exit was accepted before the host takes a fifth of the blame: exits go down more often than hosts turn. */
const BLAME = 0.2;
/** Time scales are uncertain: an attempt is judged as if it had waited only 0.7 of what it has, else slow answers make good exits look dead. */
const TOLERANCE = 0.7;
const SURE = 0.98;
/** Below this likelihood of success an exit is no choice but a test. */
export const LEAST_CHANCE = 0.1;
/** What has not come by a cut is expected at e^0.4, half as late again. */
const LATER = 0.4;
/** A host's answers are at most e^2, seven times as slow or quick as the average host's. */
const MOST_OFFSET = 2;
/** Tries without a success after which a host is taken to shut the exit out. */
const ENOUGH_TRIES = 3;

const scratch: Likelihoods = { down: 1, banned: 1, accepted: 1, failed: 1 };

/**
 * What is believed at one target: does the host accept each exit, and what follows for the next attempt. Its likelihood is that
 * of three things together: the exit is up, the host accepts it, and it succeeds when both hold.
 */
export class TargetBeliefs implements Undoable {
  readonly pool: PoolBeliefs;
  readonly cells = new Rows(1);
  /** Pairs that were accepted, and that were not. */
  accepted = PRIOR.accepted;
  refused = PRIOR.refused;
  /** How much slower than others this host answers, as a logarithm, before the mean over all hosts is taken off. */
  #offset = 0;

  constructor(pool: PoolBeliefs) {
    this.pool = pool;
    pool.hosts++;
  }

  get bytes(): number {
    return this.cells.bytes;
  }

  get offset(): number {
    return this.#offset - this.pool.offsets / Math.max(1, this.pool.hosts);
  }

  get ownOffset(): number {
    return this.#offset;
  }

  /** What was known of the host as a whole; cut to what can be. */
  recall(accepted: number, refused: number, offset: number): void {
    if (!(accepted >= 0 && accepted < 1e9 && refused >= 0 && refused < 1e9)) return;
    this.accepted = Math.max(PRIOR.accepted, accepted);
    this.refused = Math.max(PRIOR.refused, refused);
    if (Number.isFinite(offset)) this.#shift(offset - this.#offset);
  }

  /** How likely it is that this host accepts an exit of which nothing is known here. */
  get prior(): number {
    return this.accepted / (this.accepted + this.refused);
  }

  /** Likelihood that the host accepts the exit. */
  acceptance(exit: number): number {
    const word = this.#peek(exit);
    if (cell.triesOf(word) === 0) return this.prior;
    const rest = cell.wasAccepted(word) ? REST_ACCEPTED : this.prior / 2;
    const age = cell.ageOf(word, this.pool.tick);
    return rest + (cell.likelihoodOf(word) - rest) * (age === 0 ? 1 : Math.exp(-age / MEMORY_MS));
  }

  tries(exit: number): number {
    return cell.triesOf(this.#peek(exit));
  }

  wasAccepted(exit: number): boolean {
    return cell.wasAccepted(this.#peek(exit));
  }

  isUp(exit: number): boolean {
    return this.pool.isUp(exit);
  }

  isOwn(exit: number): boolean {
    return !this.pool.isProxy(exit);
  }

  /** No attempt through it has ended, here or elsewhere. */
  isUnknown(exit: number): boolean {
    return cell.triesOf(this.#peek(exit)) === 0 && this.pool.isUnknown(exit);
  }

  /** What a test of an exit of which nothing is known would say here: little at a host that shuts most of them out, or where it has failed before. */
  worthOfTest(exit: number): number {
    return this.prior / (1 + this.tries(exit));
  }

  /** New to this host, or as good as new. */
  isUntested(exit: number): boolean {
    const word = this.#peek(exit);
    return !cell.wasAccepted(word) && cell.triesOf(word) < ENOUGH_TRIES;
  }

  /** Puts the mark that it stands among those to be tried here. @returns false where it stood there already */
  list(exit: number): boolean {
    const { u32 } = this.cells.open(exit);
    const at = this.cells.offset(exit);
    if (cell.isListed(u32[at])) return false;
    u32[at] = cell.listed(u32[at], true);
    return true;
  }

  unlist(exit: number): void {
    const { u32 } = this.cells.open(exit);
    const at = this.cells.offset(exit);
    u32[at] = cell.listed(u32[at], false);
  }

  lnScale(exit: number): number {
    return this.pool.lnScale(exit) + this.offset;
  }

  /** Likelihood that an attempt succeeds that starts now. Attempts that should have answered by now speak against the exit before they end. */
  chance(exit: number): number {
    const { pool } = this;
    const rest = this.acceptance(exit) * pool.quality(exit);
    let up = pool.up(exit);
    const quiet = pool.quiet(exit);
    if (quiet !== undefined) {
      const overdue = SURE * pool.shape.share((TOLERANCE * quiet.sinceMs) / Math.exp(this.lnScale(exit)));
      if (overdue > 0) up = withOdds(up, (1 - rest * overdue) ** Math.min(3, quiet.out));
    }
    return up * rest;
  }

  /** Logarithm of the successes per ms that an attempt is worth; -Infinity where it is hardly any. */
  lnWorth(exit: number, lnLimit: number): number {
    const chance = this.chance(exit);
    if (chance < LEAST_CHANCE) return -Infinity;
    const lnScale = this.lnScale(exit);
    return this.pool.shape.worth.ln(chance, lastBin(lnScale, lnLimit)) - lnScale;
  }

  /** The same if the exit were up. */
  lnPotential(exit: number, lnLimit: number): number {
    const lnScale = this.lnScale(exit);
    return this.pool.shape.worth.ln(this.acceptance(exit) * this.pool.quality(exit), lastBin(lnScale, lnLimit)) - lnScale;
  }

  /** How long an answer is worth waiting for when there are more requests than places, in ms. */
  cutMs(exit: number, lnLimit: number): number {
    const lnScale = this.lnScale(exit);
    return this.pool.shape.worth.cutAt(this.acceptance(exit) * this.pool.quality(exit), lastBin(lnScale, lnLimit)) * Math.exp(lnScale);
  }

  /** An attempt begins. */
  started(exit: number): void {
    const { u32 } = this.cells.open(exit);
    const at = this.cells.offset(exit);
    if (cell.triesOf(u32[at]) === 0) u32[at] = cell.written(u32[at], this.prior, this.pool.tick);
    u32[at] = cell.triedOnce(u32[at]);
  }

  /** @param elapsedMs to its head; `undefined`: not measured */
  succeeded(exit: number, elapsedMs: number | undefined): void {
    const { pool } = this;
    const { u32 } = this.cells.open(exit);
    const at = this.cells.offset(exit);
    if (!cell.wasAccepted(u32[at])) this.accepted++;
    u32[at] = cell.accepted(cell.written(u32[at], SURE, pool.tick));
    if (cell.triesOf(u32[at]) === 0) u32[at] = cell.triedOnce(u32[at]);
    const ln = elapsedMs === undefined ? undefined : lnOf(elapsedMs);
    const off = pool.succeeded(exit, ln === undefined ? undefined : ln - this.offset);
    this.#shift(SLOW * off);
  }

  /**
   * @param elapsedMs how long it had
   * @param cut it was given up: an answer may have been on its way
   */
  failed(exit: number, ending: Ending, elapsedMs: number, cut: boolean): void {
    const { pool } = this;
    const lnScale = this.lnScale(exit);
    const up = pool.up(exit);
    const accepting = this.acceptance(exit);
    const quality = pool.quality(exit);
    // How sure it is that a success would have come by now.
    const share = ending === "silent" ? pool.shape.share((TOLERANCE * Math.max(0, elapsedMs)) / Math.exp(lnScale)) : 1;
    likelihoodsOf(ending, quality, share, pool.shape.phi, scratch);
    const { down, banned, accepted, failed } = scratch;
    const good = up * accepting * accepted;
    const shut = up * (1 - accepting) * banned;
    const all = good + shut + (1 - up) * down;

    const { u32 } = this.cells.open(exit);
    const at = this.cells.offset(exit);
    const words = pool.rows.open(exit).u32;
    pool.journal.note(this, exit, words, pool.rows.offset(exit), u32[at]);
    const ratio = (up * accepted + (1 - up) * down) / (up * banned + (1 - up) * down);
    u32[at] = cell.written(u32[at], withOdds(accepting, cell.wasAccepted(u32[at]) ? ratio ** BLAME : ratio), pool.tick);
    const own = ((up * accepting * (1 - quality)) / all) * share * failed;
    const stillDue = cut ? (up * accepting * quality * (1 - share)) / all : 0;
    const late = stillDue > 0 ? TIME_GAIN * stillDue * Math.max(0, lnOf(elapsedMs) + LATER - this.offset - pool.lnScale(exit)) : 0;
    const upNow = (good + shut) / all;
    pool.failed(exit, upNow, own, late);
    if (cell.triesOf(u32[at]) === ENOUGH_TRIES && !cell.wasAccepted(u32[at]) && upNow > 0.5) this.#refuses(u32, at);
  }

  /** As it was before the network was gone. What is out stays out. */
  putBack(exit: number, words: Uint32Array, word: number): void {
    const { u32 } = this.pool.rows.open(exit);
    const at = this.pool.rows.offset(exit);
    const out = u32[at + row.STATE] & ~0x1fff;
    for (let i = 0; i < row.EXIT_WORDS; i++) u32[at + i] = words[i];
    u32[at + row.STATE] = ((words[row.STATE] & 0x1fff) | out) >>> 0;
    const cells = this.cells.open(exit).u32;
    const place = this.cells.offset(exit);
    cells[place] = cell.listed(word, cell.isListed(cells[place]));
    this.pool.changes.note(exit);
  }

  forget(exit: number): void {
    this.cells.wipe(exit);
  }

  clear(): void {
    this.cells.clear();
    this.accepted = PRIOR.accepted;
    this.refused = PRIOR.refused;
  }

  /** The target is forgotten: it counts no more among the hosts. */
  drop(): void {
    this.#shift(-this.#offset);
    this.pool.hosts--;
  }

  rebase(byMs: number): void {
    this.cells.each(({ u32 }, at) => {
      u32[at] = cell.movedCell(u32[at], byMs);
    });
  }

  #peek(exit: number): number {
    return this.cells.peek(exit)?.u32[this.cells.offset(exit)] ?? 0;
  }

  /** Three tries of an exit that works elsewhere: counted once, for tries are counted no further. */
  #refuses(u32: Uint32Array, at: number): void {
    if (cell.isCounted(u32[at])) return;
    u32[at] = cell.counted(u32[at]);
    this.refused++;
  }

  #shift(by: number): void {
    const before = this.#offset;
    this.#offset = Math.min(MOST_OFFSET, Math.max(-MOST_OFFSET, before + by));
    this.pool.offsets += this.#offset - before;
  }
}

function lnOf(ms: number): number {
  return Math.min(LN_LONGEST, Math.log(Math.max(1, ms)));
}
