import assert from "node:assert/strict";
import { test } from "node:test";
import { Screen } from "../demo/dist/screen.js";

/** A terminal of which nothing scrolls away: what its lines show, and whether its cursor can be seen. */
function terminal({ columns = 40, rows = 10 } = {}) {
  const lines = [""];
  let row = 0;
  const seen = { isTTY: true, columns, rows, cursor: true, lines: () => lines.slice(0, -1), write };
  function write(text) {
    // eslint-disable-next-line no-control-regex
    for (const [part, question, number, letter] of text.matchAll(/\u001b\[(\??)([\d;]*)([A-Za-z])|[^\u001b]/g)) {
      if (letter === "A") row -= Number(number || 1);
      else if (letter === "K") lines[row] = "";
      else if (question === "?" && number === "25") seen.cursor = letter === "h";
      else if (part === "\n") lines[++row] ??= "";
      else if (letter === undefined && part !== "\r") lines[row] += part;
    }
  }
  return seen;
}

test("what is drawn takes the place of what was drawn, and what is said stands above it", () => {
  const output = terminal();
  const screen = new Screen(output, { TERM: "xterm" });
  screen.say("begin");
  screen.draw(["a 1", "b 1", "c 1"]);
  screen.draw(["a 2", "b 2"]);
  screen.say("meanwhile");
  screen.draw(["a 3"]);
  assert.deepEqual(output.lines().filter((line) => line !== ""), ["begin", "meanwhile", "a 3"]);
  assert.equal(output.cursor, false);
  screen.end();
  screen.say("end");
  assert.deepEqual(output.lines().filter((line) => line !== ""), ["begin", "meanwhile", "a 3", "end"]);
  assert.equal(output.cursor, true);
});

test("no line is longer than the terminal is wide, and no more are drawn than it can take back", () => {
  const output = terminal({ columns: 10, rows: 5 });
  const screen = new Screen(output, {});
  screen.draw(["\u001b[31m12345678901234\u001b[0m", "12345678ü", "3", "4", "5"]);
  assert.deepEqual(output.lines(), ["123456789", "12345678ü", "3"]);
});

test("a pipe, CI and a terminal that cannot move its cursor get lines", () => {
  const output = terminal();
  for (const [stream, environment] of [
    [{ ...output, isTTY: undefined }, {}],
    [output, { TERM: "dumb" }],
    [output, { CI: "true" }],
  ]) assert.equal(new Screen(stream, environment).alive, false);
  for (const environment of [{}, { CI: "" }, { CI: "false", TERM: "xterm", NO_COLOR: "1" }]) assert.equal(new Screen(output, environment).alive, true);
});

test("one that has drawn nothing leaves no codes behind", () => {
  let written = "";
  const screen = new Screen({ write: (text) => (written += text) }, {});
  screen.say("line");
  screen.end();
  assert.equal(written, "line\n");
});
