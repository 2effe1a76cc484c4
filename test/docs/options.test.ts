import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const read = (path: string): Promise<string> => readFile(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), "utf8");

test("every option and every hint stands in docs/options.md", async () => {
  const page = await read("docs/options.md");
  const options = (await read("packages/core/src/model/options.ts")).replace(/export interface ExitSource \{.*?^\}/ms, "");
  const [hints] = /export interface Hints \{.*?^\}/ms.exec(await read("packages/core/src/model/request.ts")) ?? [""];

  const names = [...`${options}\n${hints}`.matchAll(/^  (\w+)\??:/gm)].map(([, name]) => name);
  assert.ok(names.length > 50, `only ${names.length} options were found`);

  assert.deepEqual(names.filter((name) => !new RegExp(`\`[^\`]*\\b${name}\\b[^\`]*\``).test(page) && !page.includes(`## ${name}`)), []);
});

test("every option of slots, and everything that a run says of itself, stands in docs/slots.md", async () => {
  const page = await read("docs/slots.md");
  const source = await read("packages/core/src/model/slots.ts");
  const names = ["SlotOptions", "SlotResult", "SlotRunStatus"].flatMap((name) => [...(new RegExp(`export interface ${name}\\b.*?^\\}`, "ms").exec(source)?.[0] ?? "").matchAll(/^  (\w+)\??:/gm)].map(([, field]) => field));
  assert.ok(names.length > 25, `only ${names.length} names were found`);
  assert.deepEqual(names.filter((name) => !["run", "state", "waiting"].includes(name) && !new RegExp(`\`[^\`]*\\b${name}\\b[^\`]*\``).test(page)), []);
});

test("every code of an error stands in the README, but for those that no part of the core makes yet", async () => {
  const readme = await read("README.md");
  const codes = [...(await read("packages/core/src/errors.ts")).matchAll(/^ {2}\| "(MH_ERR_\w+)"/gm)].map(([, code]) => code);
  assert.ok(codes.length >= 10);

  const missing = codes.filter((code) => !readme.includes(code));
  assert.deepEqual(missing, ["MH_ERR_EXIT_BIND"]);
});
