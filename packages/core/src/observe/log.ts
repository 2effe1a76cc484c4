import createDebug from "debug";
import type { Logger } from "../model/options.ts";

const debug = createDebug("multihome");

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
 * Lines for people: to the user's logger, and to `DEBUG=multihome`. Silent otherwise, but for warnings, which go where
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
  get heardInDetail(): boolean {
    return debug.enabled || (this.#logger !== undefined && this.#logger !== forPeople);
  }

  info(message: string, fields: object): void {
    this.#write("info", message, fields);
  }

  warn(message: string, fields: object): void {
    if (this.#logger === undefined) process.emitWarning(message, { type: "MultihomeWarning" });
    this.#write("warn", message, fields);
  }

  /** A warning about the course of things, not about the program: nothing for a terminal that asked for no log. */
  warnQuietly(message: string, fields: object): void {
    this.#write("warn", message, fields);
  }

  debug(message: string, fields: object): void {
    this.#write("debug", message, fields);
  }

  #write(level: keyof Logger, message: string, fields: object): void {
    if (debug.enabled) debug("%s %s", level, message);
    try {
      this.#logger?.[level](fields, message);
    } catch {
      // What a logger does is no concern of a request.
      this.faults.logger++;
    }
  }
}
