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

  info(message: string, fields: object): void {
    this.#write("info", message, fields);
  }

  warn(message: string, fields: object): void {
    if (this.#logger === undefined) process.emitWarning(message, { type: "MultihomeWarning" });
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
