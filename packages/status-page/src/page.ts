import { gzipSync } from "node:zlib";
import { PAGE_HTML, PAGE_POLICY } from "./page-html.ts";
import { answer, plain, type Answer, type Question } from "./question.ts";

let zipped: Uint8Array | undefined;

export function pageAnswer(question: Question): Answer {
  if (PAGE_HTML === "") return plain(500, "The page has not been built: npm run build.");
  const headers = { "content-security-policy": PAGE_POLICY, vary: "accept-encoding" };
  const type = "text/html; charset=utf-8";
  if (!/\bgzip\b/.test(question.header("accept-encoding") ?? "")) return answer(200, type, PAGE_HTML, headers);
  return answer(200, type, (zipped ??= gzipSync(PAGE_HTML)), { ...headers, "content-encoding": "gzip" });
}
