import type { Clock, ExitPool, Messages } from "@multihome/core";
import { SecondCounts } from "./second-counts.ts";
import type { EventFrame, Level } from "./wire.ts";
import { duration } from "./words.ts";

/** Events that are kept for whoever looks later. */
const KEPT = 300;
const FIVE_MINUTES_S = 300;

type Kind = EventFrame["kind"];
interface Entry {
  readonly id: number;
  readonly at: number;
  readonly level: Level;
  readonly kind: Kind;
  readonly text: (count: number) => string;
  readonly exit: string | undefined;
  readonly key: string;
  readonly second: number;
  count: number;
}

/**
 * What a person would want to be told, as it happens: refusals, bans, exits that rest or die, breakers. The same thing of
 * many exits within one second is one event. Listens for the life of the pool, because at night nobody looks; all of it is
 * rare beside requests, and words are made only when somebody reads them.
 */
export class EventBook {
  readonly rateLimited = new SecondCounts(FIVE_MINUTES_S);
  readonly banned = new SecondCounts(FIVE_MINUTES_S);
  readonly #clock: Clock;
  readonly #entries: Entry[] = [];
  readonly #open = new Map<string, Entry>();
  readonly #ends: (() => void)[];
  #second = -1;
  #ids = 0;

  constructor(pool: ExitPool) {
    this.#clock = pool.adapterHost.clock;
    this.#ends = [
      pool.on("multihome:request.refused", (message) => this.#refused(message)),
      pool.on("multihome:exit.changed", (message) => this.#exitChanged(message)),
      pool.on("multihome:breaker.changed", (message) => this.#breakerChanged(message)),
      pool.on("multihome:alert.raised", (message) => this.#alerted(message)),
      pool.on("multihome:outage.changed", ({ standing, quietMs }) => this.#add("alert", standing ? "bad" : "good", `outage ${standing}`, undefined, () => (standing ? "Nothing is heard through any exit" : `Answers are heard again, after ${duration(quietMs)}`))),
    ];
  }

  /** Counters that get full: told only while somebody looks, because each window has some. */
  limitUpdated({ exit, target, limit, of, level }: Messages["multihome:limit.updated"]): void {
    if (level !== "critical") return;
    const where = exit === "" ? "" : ` on ${exit}`;
    this.#add("limit", "warning", `limit ${target} ${limit}`, exit === "" ? undefined : exit, (count) => `${limit} of ${target} is above 90 % of ${of.toLocaleString("en-US")}${count === 1 ? where : ` on ${count} counters`}`);
  }

  /** Those after `id`, oldest first. The second that is running is left out: it may still grow. */
  since(id: number): EventFrame[] {
    const now = Math.floor(this.#clock.now() / 1_000);
    return this.#entries.filter((entry) => entry.id > id && entry.second < now).map(({ id: own, at, level, kind, text, exit, count }) => ({ id: own, at, level, kind, text: text(count), ...(exit === undefined ? {} : { exit }), count }));
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  #refused({ at, exit, target, verdict, scope, limit, cooldownMs }: Messages["multihome:request.refused"]): void {
    const banned = verdict === "banned";
    (banned ? this.banned : this.rateLimited).add(at);
    const status = banned ? "418" : "429";
    const rests = duration(cooldownMs);
    const named = limit === undefined ? "" : `, which names ${limit}`;
    this.#add("refused", banned ? "bad" : "warning", `refused ${target} ${status} ${scope}`, exit, (count) => {
      const times = count === 1 ? "" : ` (${count} times)`;
      switch (scope) {
        case "exit":
          return banned ? `${target} has banned ${who(exit, count)} for ${rests}${named}` : `${target} refused ${who(exit, count)} with ${status}${named}; ${count === 1 ? "it rests" : "each rests"} ${rests}`;
        case "account":
          return `${target} refused an account with ${status}${named}; it rests ${rests}${times}`;
        case "target":
          return `${target} refused everybody with ${status}${named}; nothing is sent there for ${rests}${times}`;
        default: {
          const never: never = scope;
          throw new TypeError(`Unknown scope ${String(never)}.`);
        }
      }
    });
  }

  #exitChanged({ exit, target, from, to, reason, cooldownMs, consecutiveFails }: Messages["multihome:exit.changed"]): void {
    // Told as the refusals that they are.
    if (reason === "rate-limited" || reason === "banned") return;
    const place = target === undefined ? "" : ` at ${target}`;
    this.#add("exit", to === "dead" ? "bad" : to === "healthy" ? "good" : "warning", `exit ${target} ${to} ${consecutiveFails === undefined ? reason : ""}`, exit, (count) => {
      const them = who(exit, count);
      switch (to) {
        case "cooldown":
          return `${them} ${count === 1 ? "rests" : "rest"}${place}${cooldownMs === undefined ? "" : ` for ${duration(cooldownMs)}`}: ${consecutiveFails === undefined ? reason : `${consecutiveFails} failures in a row`}`;
        case "dead":
          return `${them} ${count === 1 ? "is" : "are"} dead: ${reason}`;
        case "healthy":
          return `${them} ${count === 1 ? "is" : "are"} back${place}`;
        case "slowed":
          return `${them} ${count === 1 ? "sends" : "send"} less at once${place}: ${reason}`;
        default:
          return `${them}${place}: ${from} → ${to} (${reason})`;
      }
    });
  }

  #breakerChanged({ target, to, reason }: Messages["multihome:breaker.changed"]): void {
    const why = reason.replaceAll("_", " ");
    const text = to === "open" ? `The breaker of ${target} has opened: ${why}` : to === "closed" ? `The breaker of ${target} has closed` : `The breaker of ${target} lets a probe through`;
    this.#add("breaker", to === "open" ? "bad" : to === "closed" ? "good" : "warning", `breaker ${target} ${to}`, undefined, () => text);
  }

  #alerted({ alert, exit, target, count }: Messages["multihome:alert.raised"]): void {
    // A ban is told as the refusal that it is.
    if (alert === "consecutive-failures") this.#add("alert", "warning", `alert ${target}`, exit, (exits) => `${count} failures in a row through ${who(exit, exits)} at ${target}`);
  }

  #add(kind: Kind, level: Level, key: string, exit: string | undefined, text: (count: number) => string): void {
    const second = Math.floor(this.#clock.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#open.clear();
    }
    const known = this.#open.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const entry: Entry = { id: ++this.#ids, at: this.#clock.wallTime(), level, kind, text, exit, key, second, count: 1 };
    this.#open.set(key, entry);
    this.#entries.push(entry);
    // Cut in bulk: one by one would move all of them each time.
    if (this.#entries.length >= KEPT * 2) this.#entries.splice(0, this.#entries.length - KEPT);
  }
}

function who(exit: string, count: number): string {
  return count === 1 ? exit : `${exit} and ${count - 1} more`;
}
