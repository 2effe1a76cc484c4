import { Alarm, type TimerQueue } from "../time/timer-queue.ts";
import type { AlertRaised } from "./channels.ts";
import type { Log } from "./log.ts";

/** So many alerts of one kind about proxies are lines of their own, after a minute without any. */
const FIRST = 3;
/** From one count of the others to the next: whoever reads at night scrolls one screen for hours of trouble, not for a minute. */
const EVERY_MS = 60_000;
/** Hosts that such a count names. */
const MOST_HOSTS = 3;

/** Alerts of one kind about proxies that were not told one by one, by host. */
class Flood {
  readonly hosts = new Map<string, number>();
  told = 0;
}

/**
 * Alerts as lines. Of proxies thousands may fail together: the first few are told one by one and the others as a count, once a minute.
 * What concerns an address of one's own is always a line.
 */
export class AlertLines {
  readonly #log: Log;
  readonly #timers: TimerQueue;
  readonly #now: () => number;
  readonly #floods = new Map<AlertRaised["alert"], Flood>();
  readonly #minute = new Alarm((now) => this.#minuteOver(now));

  constructor(log: Log, timers: TimerQueue, now: () => number) {
    this.#log = log;
    this.#timers = timers;
    this.#now = now;
  }

  tell(message: AlertRaised): void {
    const { alert, exit, target } = message;
    if (exit.includes("://") && !this.#isAmongFirst(alert, target)) return;
    this.#log.warnQuietly(`alert ${alert} | exit=${exit} | host=${target} | count=${message.count}`, { exit, target, reason: alert }, "exit");
  }

  /** Says what has only been counted so far. */
  end(): void {
    this.#timers.remove(this.#minute);
    this.#tellCounts();
  }

  #isAmongFirst(alert: AlertRaised["alert"], target: string): boolean {
    if (this.#floods.size === 0) this.#timers.add(this.#minute, this.#now(), EVERY_MS);
    let flood = this.#floods.get(alert);
    if (flood === undefined) this.#floods.set(alert, (flood = new Flood()));
    if (flood.told < FIRST) {
      flood.told++;
      return true;
    }
    flood.hosts.set(target, (flood.hosts.get(target) ?? 0) + 1);
    return false;
  }

  #minuteOver(now: number): void {
    this.#tellCounts();
    if (this.#floods.size > 0) this.#timers.add(this.#minute, now, EVERY_MS);
  }

  #tellCounts(): void {
    for (const [alert, { hosts }] of this.#floods) {
      // A minute in which nothing more came: the next ones are worth a line each again.
      if (hosts.size === 0) {
        this.#floods.delete(alert);
        continue;
      }
      const counts = [...hosts].toSorted(([, a], [, b]) => b - a);
      const count = counts.reduce((sum, [, of]) => sum + of, 0);
      const named = counts.slice(0, MOST_HOSTS).map(([host, of]) => (counts.length === 1 ? host : `${host} (${of})`));
      const others = counts.length - named.length;
      this.#log.warnQuietly(`alert ${alert} | ${count} more of proxies in the last minute | host=${named.join(", ")}${others === 0 ? "" : ` and ${others} more`}`, { count, reason: alert }, "exit");
      hosts.clear();
    }
  }
}
