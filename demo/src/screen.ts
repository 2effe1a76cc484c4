import process from "node:process";

/** What a screen writes to: standard output, or a test's. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const ESC = "\u001b[";
const CLEAR_LINE = `${ESC}2K`;
const HIDE_CURSOR = `${ESC}?25l`;
const SHOW_CURSOR = `${ESC}?25h`;
/** A terminal draws what stands between these in one go, or ignores them. */
const BEGIN = `${ESC}?2026h`;
const END = `${ESC}?2026l`;

/**
 * Lines that are drawn again and again at the bottom of a terminal, below what is said meanwhile. Where nobody could see
 * that (a pipe, CI, a terminal that cannot move its cursor) it is not alive, and whoever draws says lines instead.
 */
export class Screen {
  readonly #output: Output;
  readonly alive: boolean;
  #drawn: readonly string[] = [];
  #hidden = false;

  constructor(output: Output, environment: Readonly<Record<string, string | undefined>>) {
    this.#output = output;
    const ci = environment["CI"];
    this.alive = output.isTTY === true && environment["TERM"] !== "dumb" && (ci === undefined || ci === "" || ci === "false");
  }

  get columns(): number {
    return this.#output.columns ?? 80;
  }

  /** Lines that can be drawn: what has scrolled out of sight can no longer be changed. */
  get rows(): number {
    return Math.max(1, (this.#output.rows ?? 24) - 2);
  }

  /** A line that stays. */
  say(line: string): void {
    const drawn = this.#drawn;
    this.#output.write(`${this.#erased()}${line}\n${asText(drawn)}`);
    this.#drawn = drawn;
  }

  /** Takes the place of what was drawn before. */
  draw(lines: readonly string[]): void {
    const shown = lines.slice(0, this.rows).map((line) => cut(line, this.columns - 1));
    const hide = this.#hidden ? "" : HIDE_CURSOR;
    this.#hidden = true;
    this.#output.write(`${BEGIN}${hide}${this.#erased()}${asText(shown)}${END}`);
    this.#drawn = shown;
  }

  /** What was drawn stays as it is; the cursor is back. */
  end(): void {
    this.#drawn = [];
    if (!this.#hidden) return;
    this.#hidden = false;
    this.#output.write(SHOW_CURSOR);
  }

  #erased(): string {
    const count = this.#drawn.length;
    this.#drawn = [];
    return count === 0 ? "" : `${`${ESC}1A${CLEAR_LINE}`.repeat(count)}\r`;
  }
}

export const screen = new Screen(process.stdout, process.env);

/** Whatever ends the program: nobody is left without a cursor. */
export function endCleanly(): void {
  process.on("exit", () => screen.end());
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    process.once(signal, () => {
      screen.end();
      process.exit(code);
    });
  }
}

function asText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** A line that wrapped could not be drawn over. Codes of colours take no room. */
function cut(line: string, columns: number): string {
  let room = columns;
  let text = "";
  // eslint-disable-next-line no-control-regex
  for (const [part, code] of line.matchAll(/(\u001b\[[\d;]*m)|[^\u001b]/gu)) {
    if (code === undefined && --room < 0) return `${text}\u001b[0m`;
    text += part;
  }
  return text;
}
