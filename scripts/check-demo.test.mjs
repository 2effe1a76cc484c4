import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "./check-demo.mjs";

const GOOD = { plain: { served: 40, refused429: 12, refused418: 30 }, pooled: { served: 900, refused429: 0, refused418: 0 } };
const judge = ({ plain = {}, pooled = {} }) => problemsOf(`some\nlines\nRESULT ${JSON.stringify({ plain: { ...GOOD.plain, ...plain }, pooled: { ...GOOD.pooled, ...pooled } })}\n`);

test("a demo in which the pool does what it promises passes", () => {
  assert.deepEqual(judge({}), []);
});

test("each broken promise is named", () => {
  assert.match(judge({ pooled: { refused429: 1 } }).join(), /refused 1 times with 429/);
  assert.match(judge({ pooled: { refused418: 2 } }).join(), /refused 2 times with 418/);
  assert.match(judge({ pooled: { served: 40 } }).join(), /pool was served 40 times/);
  assert.match(judge({ plain: { refused418: 0 } }).join(), /never banned/);
  assert.match(judge({ plain: { refused429: 0 } }).join(), /never refused/);
});

test("missing or senseless figures do not pass", () => {
  assert.match(judge({ pooled: { refused429: null } }).join(), /pooled.refused429 is null/);
  assert.match(judge({ plain: { served: "40" } }).join(), /plain.served is "40"/);
  assert.match(problemsOf("RESULT null").join(), /plain.served is undefined/);
  assert.match(problemsOf("RESULT {").join(), /not JSON/);
  assert.match(problemsOf("RESULT {}\ntrailing").join(), /last line is not a result/);
  assert.match(problemsOf("").join(), /last line is not a result/);
});
