/** From so many exits on they rest between tests as long as they should: with some ten tests a second all have had theirs by then. */
const MANY = { known: 50, unknown: 400 };
/** Of fewer the first tests follow sooner, 0.3 s apart of three unknown ones; after a dozen in vain they rest as long as any. */
const FADES = 1.5;

/**
 * How long an exit is left alone after so many tests in a row that were in vain. 6 s × 1.35^n up to half a minute where it has worked
 * before: it will again. 30 s × n up to 240 s where it never has: a sweep over the list. A few exits are tested again sooner at first: that
 * costs no more attempts than many do, and there is nobody else.
 *
 * @param exits how many exits of its kind there are
 */
export function backoffMs(worked: boolean, missed: number, exits: number): number {
  const full = worked ? Math.min(30_000, 6_000 * 1.35 ** missed) : 30_000 * Math.min(8, missed);
  const share = exits / (worked ? MANY.known : MANY.unknown);
  return Math.ceil(full * Math.min(1, share * FADES ** missed));
}
