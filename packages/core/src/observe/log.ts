import createDebug from "debug";
import type { Logger } from "../model/options.ts";

const debug = createDebug("multihome");

/**
 * Lines for people: to the user's logger, and to `DEBUG=multihome`. Silent otherwise, but for warnings, which go where
 * Node's own go. A logger that throws is not heard of again.
 */
export class Log {
  readonly #logger: Logger | undefined;

  constructor(logger: Logger | undefined) {
    this.#logger = logger;
  }

  /** Does anybody read what is not a warning? */
  get heard(): boolean {
    return this.#logger !== undefined || debug.enabled;
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
    }
  }
}
