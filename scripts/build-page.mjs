// Makes the status page one file: bundles packages/status-page/page, and writes it into what tsc has made of src/page-html.ts.
// `npm run build` calls it after tsc; --size says how large it has become.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const PACKAGE = fileURLToPath(new URL("../packages/status-page/", import.meta.url));
/** It is read over slow lines as well; a test holds it to this too. */
export const MOST_ZIPPED = 120 * 1024;

/** @returns {Promise<{ html: string, policy: string, zipped: number }>} the page, its Content-Security-Policy, its size as it is sent */
export async function makePage() {
  const { outputFiles } = await build({
    entryPoints: [path.join(PACKAGE, "page/main.tsx")],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    charset: "utf8",
  });
  const { code: css } = await transform(readFileSync(path.join(PACKAGE, "page/style.css"), "utf8"), { loader: "css", minify: true, target: "es2022" });
  const style = css.trim();
  // Nothing in a script may look like its end.
  const script = outputFiles[0].text.trim().replaceAll("</script", "<\\/script");
  const html = readFileSync(path.join(PACKAGE, "page/index.html"), "utf8")
    .replace("/*style*/", () => style)
    .replace("/*script*/", () => script);
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return { html, policy, zipped: gzipSync(html).length };
}

function hashOf(text) {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { html, policy, zipped } = await makePage();
  if (zipped > MOST_ZIPPED) throw new Error(`The status page has ${zipped} bytes when zipped; ${MOST_ZIPPED} are allowed.`);
  const file = path.join(PACKAGE, "dist/src/page-html.js");
  const made = `// Made by scripts/build-page.mjs.\nexport const PAGE_HTML = ${JSON.stringify(html)};\nexport const PAGE_POLICY = ${JSON.stringify(policy)};\n`;
  // An unchanged file keeps its time: tsc takes newer ones for changed.
  if (readFileSync(file, "utf8") !== made) writeFileSync(file, made);
  // `npm start` builds first, and has better things to say.
  if (process.argv.includes("--size")) console.log(`status page: ${html.length} bytes, ${zipped} zipped`);
}
