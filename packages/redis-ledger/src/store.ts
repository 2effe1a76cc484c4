import type { Clock } from "@multihome/core";
import { faultOf, StoreError } from "./errors.ts";
import { readReply, signed, type Script } from "./script.ts";

/** A way to the store. */
export interface Link {
  /** Commands sent now have a chance. */
  readonly ready: boolean;
  /** @param key decides the node, in a cluster */
  send(key: string, command: string[]): Promise<unknown>;
  /** What went over it cannot be trusted, or nothing comes back: begin anew, where the connection is ours. */
  renew(reason: StoreError): void;
  close(): Promise<void>;
}

export interface Answer {
  /** Status first. */
  readonly words: string[];
  readonly sentAt: number;
  readonly at: number;
}

/** Runs scripts, each within its deadline. */
export class Store {
  readonly deadlineMs: number;
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #secrets: readonly string[];
  #calls = 0;
  /** Round trips so far. */
  trips = 0;

  constructor(link: Link, parts: { clock: Clock; deadlineMs: number; name: string; secrets: readonly string[] }) {
    this.#link = link;
    this.#clock = parts.clock;
    this.deadlineMs = parts.deadlineMs;
    this.#name = parts.name;
    this.#secrets = parts.secrets;
  }

  get ready(): boolean {
    return this.#link.ready;
  }

  /**
   * Exactly one of the callbacks is called, at the deadline at the latest; `late` when the answer comes after it.
   * No promise per caller here: what waits, waits in a lane.
   */
  run(script: Script, keys: string[], args: string[], done: (answer: Answer) => void, failed: (error: StoreError) => void, late?: (answer: Answer) => void): void {
    if (!this.#link.ready) {
      queueMicrotask(() => failed(new StoreError("disconnected", "Not connected to the store.")));
      return;
    }
    const id = `${this.#name}.${(++this.#calls).toString(36)}`;
    const sentAt = this.#clock.now();
    let over = false;
    const missed = (): void => {
      if (over) return;
      over = true;
      failed(new StoreError("timeout", `The store did not answer within ${this.deadlineMs} ms.`));
    };
    // A turn later: where it was us who were busy, the answer lies in the socket and is read first.
    const timer = this.#clock.setTimeout(() => setImmediate(missed), this.deadlineMs);
    this.trips++;
    const heard = (reply: unknown): void => {
      const words = readReply(reply, id);
      const damaged = new StoreError("damaged", "An answer of the store was damaged on the way.");
      if (words === undefined) this.#link.renew(damaged);
      if (over) {
        if (words !== undefined) late?.({ words, sentAt, at: this.#clock.now() });
        return;
      }
      over = true;
      this.#clock.clearTimeout(timer);
      if (words === undefined) failed(damaged);
      else done({ words, sentAt, at: this.#clock.now() });
    };
    void this.#send(script, keys, [id, ...args]).then(heard, (error: unknown) => {
      if (over) return;
      over = true;
      this.#clock.clearTimeout(timer);
      failed(faultOf(error, this.#secrets));
    });
  }

  /** The same as a promise, for what happens rarely. */
  ask(script: Script, keys: string[], args: string[]): Promise<Answer> {
    return new Promise((resolve, reject) => this.run(script, keys, args, resolve, reject));
  }

  renew(reason: StoreError): void {
    this.#link.renew(reason);
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  /** By its name; by its text where the store has been restarted, or never heard of it. */
  async #send(script: Script, keys: string[], args: string[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...signed(keys, args)];
    try {
      return await this.#link.send(keys[0], ["EVALSHA", script.sha, ...rest]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return await this.#link.send(keys[0], ["EVAL", script.text, ...rest]);
    }
  }
}
