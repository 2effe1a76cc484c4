import createDebug from "debug";
import type { Logger } from "../model/options.ts";

const debug = createDebug("multihome");
/** What lines are about; each can be asked for alone, as `DEBUG=multihome:exit`. */
const TOPICS = { task: debug.extend("task"), exit: debug.extend("exit"), breaker: debug.extend("breaker") } as const;

export type Topic = keyof typeof TOPICS;

const print = (line: (...parts: unknown[]) => void) => (fields: object, message: string): void => (Object.keys(fields).length === 0 ? line(message) : line(message, fields));

/* eslint-disable no-console -- only for who has passed the console as the logger */
/** `logger: console`: the sentence first, and no line for each request. */
const forPeople: Logger = {
  debug: () => {},
  info: print((...parts) => console.info(...parts)),
  warn: print((...parts) => console.warn(...parts)),
  error: print((...parts) => console.error(...parts)),
};
/* eslint-enable no-console */

/**
 * Lines for people: to the user's logger, and to `DEBUG=multihome` or one of its topics. Silent otherwise, but for warnings, which go where
 * Node's own go. A logger that throws is not heard of again.
 */
export class Log {
  readonly #logger: Logger | undefined;
  /** Exceptions that were contained, of the logger and of listeners. */
  readonly faults = { logger: 0, listener: 0 };

  constructor(logger: Logger | undefined) {
    this.#logger = logger === (console as unknown) ? forPeople : logger;
  }

  /** Does anybody read what is not a warning? */
  get heard(): boolean {
    return this.#logger !== undefined || debug.enabled;
  }

  /** And the line for each request? The console shows whatever it is given, which nobody means who passes it. */
  heardInDetail(topic: Topic): boolean {
    return debug.enabled || TOPICS[topic].enabled || (this.#logger !== undefined && this.#logger !== forPeople);
  }

  /** Does anybody read what is said of this? */
  heardOf(topic: Topic): boolean {
    return this.heard || TOPICS[topic].enabled;
  }

  info(message: string, fields: object, topic?: Topic): void {
    this.#write("info", message, fields, topic);
  }

  warn(message: string, fields: object): void {
    if (this.#logger === undefined) process.emitWarning(message, { type: "MultihomeWarning" });
    this.#write("warn", message, fields);
  }

  /** A warning about the course of things, not about the program: nothing for a terminal that asked for no log. */
  warnQuietly(message: string, fields: object, topic?: Topic): void {
    this.#write("warn", message, fields, topic);
  }

  debug(message: string, fields: object, topic?: Topic): void {
    this.#write("debug", message, fields, topic);
  }

  #write(level: keyof Logger, message: string, fields: object, topic?: Topic): void {
    const line = topic !== undefined && TOPICS[topic].enabled ? TOPICS[topic] : debug;
    if (line.enabled) line("%s %s", level, message);
    try {
      this.#logger?.[level](fields, message);
    } catch {
      // What a logger does is no concern of a request.
      this.faults.logger++;
    }
  }
}
