import process from "node:process";
import { screen } from "./screen.ts";

/** Escape codes only where somebody reads them: in a terminal, and not against the reader's wish (no-color.org: set, and not empty). */
const coloured = process.stdout.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";

export const bold = paint("1");
export const dim = paint("2");
export const red = paint("31");
export const green = paint("32");
export const yellow = paint("33");
export const blue = paint("34");

export function say(line = ""): void {
  screen.say(line);
}

function paint(code: string): (text: string) => string {
  return coloured ? (text) => `\u001b[${code}m${text}\u001b[0m` : (text) => text;
}

/** 1234567 as 1,234,567. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
