import assert from "node:assert/strict";
import { test } from "node:test";
import { importsOf, maskSource } from "./source-text.mjs";

const specifiers = (source) => importsOf(source).map(({ specifier, typeOnly }) => (typeOnly ? `type ${specifier}` : specifier));

test("every form of import and export is found, in order, with what vanishes marked", () => {
  const source = [
    'import a from "./a.ts";',
    'import b, { c } from "./b.ts";',
    'import * as d from "./d.ts";',
    "import {",
    "  e,",
    "  type F,",
    "} from './e.ts';",
    'import "./side-effect.ts";',
    'import type { G } from "./g.ts";',
    'import { type H } from "./h.ts";',
    'export * from "./i.ts";',
    'export { j } from "./j.ts";',
    'export type { K } from "./k.ts";',
    'export * as l from "./l.ts";',
    'const m = await import("./m.ts");',
    'type N = typeof import("./n.ts");',
    'const o = require("./o.cjs");',
    'import type P from "./p.ts";',
    'import type, { q } from "./q.ts";',
  ].join("\n");

  assert.deepEqual(specifiers(source), [
    "./a.ts", "./b.ts", "./d.ts", "./e.ts", "./side-effect.ts", "type ./g.ts", "./h.ts", "./i.ts", "./j.ts", "type ./k.ts",
    "./l.ts", "./m.ts", "type ./n.ts", "./o.cjs", "type ./p.ts", "./q.ts",
  ]);
  assert.equal(importsOf(source)[3].line, 4);
});

test("imports in comments, strings, templates and regular expressions are not imports", () => {
  const source = [
    '// import a from "./a.ts"',
    '/* import b from "./b.ts" */',
    "const c = 'import c from \"./c.ts\"';",
    'const d = `import d from "./d.ts" ${`import e from "./e.ts" ${1}`} import("./f.ts")`;',
    'const g = /import "\\/g.ts"[/"]/;',
    'const h = { import: "x", from: "y" };',
    'loader.import("./i.ts");',
    'const meta = import.meta.url + "./j.ts";',
  ].join("\n");

  assert.deepEqual(specifiers(source), []);
});

test("code inside a template's holes is code", () => {
  assert.deepEqual(specifiers('const a = `x ${{ b: await import("./b.ts") }.b} import("./c.ts")`; import("./d.ts");'), ["./b.ts", "./d.ts"]);
});

test("a class before an import does not swallow it", () => {
  assert.deepEqual(specifiers('export class A { a }\nimport type { B } from "./b.ts";'), ["type ./b.ts"]);
});

test("division is not taken for a regular expression", () => {
  for (const left of ["a", "a()", "a[0]", "a!", "a()!", "i++", "i--"]) {
    const source = `const x = ${left} / 2; import "./y.ts"; const z = 1 / 2;`;
    assert.deepEqual(specifiers(source), ["./y.ts"], left);
  }
});

test("a regular expression with a quote in it opens no string", () => {
  for (const before of ["x = ", "return ", "match(", "a && ", "!", ", "]) {
    assert.deepEqual(specifiers(`${before}/['"\`/]/.test(y);\nimport("./z.ts");`), ["./z.ts"], before);
  }
});

test("masking keeps every line and offset", () => {
  const source = 'const a = "x\\"y"; // z\nconst b = `1\n${a /* c */}\n2`;\n';
  const masked = maskSource(source);

  assert.equal(masked.length, source.length);
  assert.equal(masked, 'const a = "    ";     \nconst b = ` \n${a        }\n `;\n'.replace("`;", "`;"));
});
