// Judges the demo by the figures that it prints last: npm start | node scripts/check-demo.mjs
import process from "node:process";
import { fileURLToPath } from "node:url";

/**
 * What is wrong with the last line of the demo's output, which reads `RESULT ` and JSON of
 * `{ plain: { served, refused429, refused418, bans? }, pooled: { served, refused429, refused418 } }`.
 *
 * @returns {string[]} sentences; none when all is well
 */
export function problemsOf(output) {
  const line = output.trimEnd().split("\n").at(-1);
  if (!line.startsWith("RESULT ")) return [`The last line is not a result: ${JSON.stringify(line.slice(0, 200))}`];
  let result;
  try {
    result = JSON.parse(line.slice("RESULT ".length));
  } catch (error) {
    return [`The result is not JSON: ${error.message}`];
  }
  const { plain, pooled } = result ?? {};
  const problems = [];
  for (const [name, run] of Object.entries({ plain, pooled })) {
    for (const figure of ["served", "refused429", "refused418"]) {
      if (!Number.isSafeInteger(run?.[figure])) problems.push(`${name}.${figure} is ${JSON.stringify(run?.[figure])}, not a count`);
    }
  }
  if (problems.length > 0) return problems;
  if (plain.refused429 === 0) problems.push("one plain address was never refused: the workload is too light to show anything");
  if (plain.refused418 === 0) problems.push("one plain address was never banned: the workload is too light to show anything");
  if (pooled.refused429 > 0) problems.push(`the pool was refused ${pooled.refused429} times with 429`);
  if (pooled.refused418 > 0) problems.push(`the pool was refused ${pooled.refused418} times with 418`);
  if (pooled.served <= plain.served) problems.push(`the pool was served ${pooled.served} times, one plain address ${plain.served} times`);
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let output = "";
  process.stdin.setEncoding("utf8");
  for await (const text of process.stdin) {
    process.stdout.write(text);
    output += text;
  }
  const problems = problemsOf(output);
  for (const problem of problems) console.error(`demo: ${problem}`);
  if (problems.length === 0) console.log("demo: figures as they should be");
  process.exitCode = problems.length === 0 ? 0 : 1;
}
