import type { ListContent } from "./list-intake.ts";

/** What is wrong with a source: told once, for as long as it stays of one kind. */
export interface Trouble {
  readonly kind: "failed" | "page" | "empty" | "shrunk" | "cut";
  /** Says of the list what is wrong with it: "could not be read (ECONNREFUSED)". */
  readonly text: string;
}

export interface Judgement {
  /** Does what was read take the place of what was known? */
  readonly take: boolean;
  readonly trouble?: Trouble;
}

/** Of 100 lines, so many have to name a proxy; what has fewer is an error page with numbers in it. */
const LEAST_GOOD_PERCENT = 1;
/** What is left of a list that lost 90 %. */
const SHRUNK_TO = 0.1;

/**
 * Is this the list, or an accident of whoever keeps it? What is known about thousands of exits hangs on their being listed,
 * so a list gives way only to another.
 *
 * @param kept How many proxies are known of this source.
 * @param failure Why reading ended before the list did.
 * @param wasShrunk The last answer was refused for being too small: the second in a row is believed.
 */
export function judgeList(read: ListContent, kept: number, failure: string | undefined, wasShrunk: boolean): Judgement {
  const found = read.proxies.length;
  const good = read.lines - read.refused;
  const isPage = good * 100 < read.lines * LEAST_GOOD_PERCENT;
  if (failure !== undefined) {
    const trouble: Trouble = { kind: "failed", text: `could not be read ${found > 0 ? "to its end " : ""}(${failure})` };
    // The part of a list that is as long as all that was known is the better list; without this, a slow one would never begin.
    return { take: found > 0 && found >= kept && !isPage, trouble };
  }
  if (isPage) return { take: false, trouble: { kind: "page", text: `is no list: ${good} of its ${read.lines} lines name a proxy (${read.sample})` } };
  if (found === 0) return { take: false, trouble: { kind: "empty", text: "is empty" } };
  if (found <= kept * SHRUNK_TO && !wasShrunk) return { take: false, trouble: { kind: "shrunk", text: `shrank from ${kept} proxies to ${found}, which is believed when it says so twice` } };
  return read.cut === undefined ? { take: true } : { take: true, trouble: { kind: "cut", text: `is ${read.cut}, and the rest is not read` } };
}
