import type { BindCheck, BindRefusal } from "./bind-check.ts";
import type { Candidate, LeftOut } from "./local-exits.ts";
import { sizeOf } from "./range.ts";
import type { AddressRange } from "./range.ts";

/** One file descriptor each: well under the customary limit of 1,024, and far more than keeps one thread busy. */
const AT_ONCE = 64;

export interface BoundCandidates {
  readonly usable: Candidate[];
  readonly left: LeftOut[];
  readonly notes: string[];
}

interface RangeCount {
  readonly range: AddressRange;
  usable: number;
  readonly refused: { readonly address: string; readonly refusal: BindRefusal }[];
}

/** Binds each address once, and says of the others why they are left out: one by one where they were named, in sum where a range was. */
export async function bindCandidates(candidates: readonly Candidate[], checkBind: BindCheck): Promise<BoundCandidates> {
  const refusals = await mapBounded(candidates, AT_ONCE, ({ address }) => checkBind(address.text));
  const usable: Candidate[] = [];
  const left: LeftOut[] = [];
  const counts = new Map<AddressRange, RangeCount>();

  for (const [index, candidate] of candidates.entries()) {
    const refusal = refusals[index];
    const count = candidate.range === undefined ? undefined : countOf(candidate.range, counts);
    if (refusal === undefined) {
      usable.push(candidate);
      if (count !== undefined) count.usable += 1;
    } else if (count === undefined) {
      left.push({ id: candidate.address.text, reason: `cannot be bound: ${refusal.reason}` });
    } else {
      count.refused.push({ address: candidate.address.text, refusal });
    }
  }

  const notes: string[] = [];
  for (const count of counts.values()) summarise(count, left, notes);
  return { usable, left, notes };
}

function countOf(range: AddressRange, counts: Map<AddressRange, RangeCount>): RangeCount {
  const known = counts.get(range);
  if (known !== undefined) return known;
  const count: RangeCount = { range, usable: 0, refused: [] };
  counts.set(range, count);
  return count;
}

/** A range stands for those of its addresses that exist, so the absence of others is worth a note at most. */
function summarise({ range, usable, refused }: RangeCount, left: LeftOut[], notes: string[]): void {
  if (refused.length === 0) return;
  if (usable > 0 && refused.some(({ refusal }) => refusal.absent)) notes.push(`${range.text} stands for ${usable} of its ${sizeOf(range)} addresses`);
  const reasons = new Map<string, number>();
  for (const { refusal } of refused) {
    if (usable === 0 || !refusal.absent) reasons.set(refusal.reason, (reasons.get(refusal.reason) ?? 0) + 1);
  }
  for (const [reason, count] of reasons) left.push({ id: range.text, reason: `${count} of its ${sizeOf(range)} addresses cannot be bound: ${reason}` });
}

/** Like `Promise.all` over a map, with so many at once; the order is kept. */
async function mapBounded<T, R>(items: readonly T[], limit: number, fn: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await fn(items[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}
