import { yieldToLoop } from "../../time/yield-to-loop.ts";
import type { ParsedProxy } from "../parsed-proxy.ts";
import { redactLine } from "../redact.ts";
import { isBlankOrComment, parseListLine, parsePlainLine } from "./list-line.ts";
import { listedProxy, type ListedProxy } from "./listed-proxy.ts";
import { mayBePublic } from "./public-lookup.ts";
import type { UserIds } from "../user-ids.ts";

/** Bytes of a list after decoding, or characters of lines that came as such. */
export const LONGEST_LIST = 32 * 1024 * 1024;
const LONGEST_LIST_TEXT = "32 MB";
/** Ten times what a pool is made for; beyond it a list is an attack on this process's memory, or no list. */
export const MOST_PROXIES = 200_000;

const LONGEST_LINE = 2_048;
// The slowest lines, which need a URL parser, take some 5 µs: ten milliseconds at most.
const LINES_AT_ONCE = 2_048;

/** What has been read of a list. */
export interface ListContent {
  readonly proxies: readonly ListedProxy[];
  /** Lines that were meant to name a proxy: all but blank ones and comments. */
  readonly lines: number;
  /** Those of them that do not. */
  readonly refused: number;
  /** One of those, safe to print, with its number and the reason. */
  readonly sample?: string;
  /** How many proxies came with two different passwords; the last one was taken. */
  readonly repeated: number;
  /** Why there is more than was read. */
  readonly cut?: string;
}

/**
 * Takes a list in as it comes, in bytes or in lines, and keeps of it no more than the proxies, two numbers and a sample.
 * It gives the event loop its turn between lines, so that several lists of any length can be read at once.
 */
export class ListIntake {
  /** Does the list come from a public address? Then it may name no others. To be set before the first line. */
  publicSource = false;
  /** Proxies among those read that the list named before. */
  known = 0;
  readonly #ids: UserIds;
  readonly #before: ReadonlyMap<string, ListedProxy> | undefined;
  readonly #byId = new Map<string, ListedProxy>();
  readonly #decoder = new TextDecoder();
  #size = 0;
  /** All lines, blank ones included: what an editor shows as their number. */
  #number = 0;
  #lines = 0;
  #refused = 0;
  #repeated = 0;
  #sample: string | undefined;
  #cut: string | undefined;
  /** The beginning of a line whose end has not come yet. */
  #tail = "";
  /** The line that `#tail` began is too long, and what follows of it is dropped. */
  #overlong = false;
  #sinceTurn = 0;
  #closed = false;

  /** @param before what the list named when it was last read, by id */
  constructor(ids: UserIds, before?: ReadonlyMap<string, ListedProxy>) {
    this.#ids = ids;
    this.#before = before;
  }

  get byId(): ReadonlyMap<string, ListedProxy> {
    return this.#byId;
  }

  /** Takes some bytes of a text. False: that is enough, and the rest need not be read. */
  async addBytes(chunk: Uint8Array): Promise<boolean> {
    const room = LONGEST_LIST - this.#size;
    const taken = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.#size += taken.length;
    const lines = (this.#tail + this.#decoder.decode(taken, { stream: true })).split(/\r\n|[\r\n]/);
    let tail = lines.pop() ?? "";
    if (this.#overlong && lines.length > 0) {
      lines.shift(); // The end of what has been counted already.
      this.#overlong = false;
    }
    if (this.#overlong) tail = "";
    else if (tail.length > LONGEST_LINE) {
      lines.push(tail);
      this.#overlong = true;
      tail = "";
    }
    this.#tail = tail;
    await this.#addAll(lines);
    if (taken.length < chunk.length) this.#cutAt(LONGEST_LIST_TEXT);
    return this.#goesOn;
  }

  /** Takes whole lines; what is no text is a refused one. False: that is enough. */
  async addLines(lines: readonly unknown[]): Promise<boolean> {
    let end = 0;
    while (end < lines.length && this.#size <= LONGEST_LIST) {
      const line = lines[end++];
      this.#size += typeof line === "string" ? line.length + 1 : 1;
    }
    if (this.#size > LONGEST_LIST) end--;
    await this.#addAll(lines, end);
    if (end < lines.length) this.#cutAt(LONGEST_LIST_TEXT);
    return this.#goesOn;
  }

  /** The text has come to its end by itself: then the last line is whole, too. */
  end(): void {
    const last = this.#tail + this.#decoder.decode();
    this.#tail = "";
    if (!this.#overlong && last !== "" && this.#goesOn) this.#add(last);
  }

  /** What there is. Lines that still come from somewhere are not taken any more. */
  close(): ListContent {
    this.#closed = true;
    return {
      proxies: [...this.#byId.values()],
      lines: this.#lines,
      refused: this.#refused,
      repeated: this.#repeated,
      ...(this.#sample === undefined ? {} : { sample: this.#sample }),
      ...(this.#cut === undefined ? {} : { cut: this.#cut }),
    };
  }

  get #goesOn(): boolean {
    return !this.#closed && this.#cut === undefined;
  }

  async #addAll(lines: readonly unknown[], end: number = lines.length): Promise<void> {
    let from = 0;
    while (from < end && this.#goesOn) {
      const to = Math.min(end, from + LINES_AT_ONCE - this.#sinceTurn);
      this.#addSome(lines, from, to);
      this.#sinceTurn += to - from;
      from = to;
      if (this.#sinceTurn < LINES_AT_ONCE) continue;
      this.#sinceTurn = 0;
      await yieldToLoop();
    }
  }

  #addSome(lines: readonly unknown[], from: number, to: number): void {
    for (let index = from; index < to && this.#cut === undefined; index++) this.#add(lines[index]);
  }

  #cutAt(what: string): void {
    this.#cut ??= `longer than ${what}`;
  }

  #add(line: unknown): void {
    this.#number++;
    if (typeof line !== "string") return this.#refuse("", "not a text");
    const plain = parsePlainLine(line);
    if (plain !== undefined) return this.#list(line, plain);
    if (line.length > LONGEST_LINE) return this.#refuseLong(line);
    const text = line.trim(); // A byte order mark counts as white space.
    if (isBlankOrComment(text)) return;
    const parsed = parseListLine(text);
    if (parsed.kind === "refused") this.#refuse(text, parsed.reason);
    else this.#list(text, parsed);
  }

  #list(text: string, proxy: ParsedProxy): void {
    if (this.publicSource && !mayBePublic(proxy.host, proxy.isAddress)) return this.#refuse(text, "a private address, in a list that is public");
    this.#lines++;
    const id = proxy.username === undefined ? proxy.place : this.#ids.idOf(proxy.place, proxy.username);
    const known = this.#byId.get(id);
    if (known === undefined) {
      if (this.#byId.size === MOST_PROXIES) return this.#cutAt(`${MOST_PROXIES} proxies`);
      this.#byId.set(id, listedProxy(id, proxy, this.publicSource));
      if (this.#before?.has(id) === true) this.known++;
    } else if (known.proxy.password !== proxy.password) {
      this.#byId.set(id, listedProxy(id, proxy, this.publicSource));
      this.#repeated++;
    }
  }

  /** It may have come in parts, of which only the first is here: what it is may depend on no more, and nobody can tell what in it is a password. */
  #refuseLong(line: string): void {
    const start = line.slice(0, LONGEST_LINE + 1).trimStart();
    if (start === "" || !isBlankOrComment(start)) this.#refuse("…", `longer than ${LONGEST_LINE} characters`);
  }

  #refuse(text: string, reason: string): void {
    this.#lines++;
    this.#refused++;
    this.#sample ??= `line ${this.#number}, "${redactLine(text)}": ${reason}`;
  }
}
