import process, { argv, stderr, stdout } from "node:process";
import { compileTable } from "./calculator.ts";
import { BUILT_IN_TABLES, builtInTable, loadTable, type BuiltInTable } from "./tables.ts";

/** `node cli.js <table or file> <method> <url> [body]`: what a request would weigh, and why. */
function main([table, method, url, body]: readonly string[]): number {
  if (table === undefined || method === undefined || url === undefined) {
    stderr.write(`Usage: cli.js <${BUILT_IN_TABLES.join(" | ")} | file.json> <method> <url> [body]\n`);
    return 2;
  }
  try {
    const document = BUILT_IN_TABLES.includes(table as BuiltInTable) ? builtInTable(table as BuiltInTable) : loadTable(table);
    const path = url.replace(/^[a-z]+:\/\/[^/?]*/i, "");
    stdout.write(`${JSON.stringify(compileTable(document).report(method.toUpperCase(), path, body), undefined, 2)}\n`);
    return 0;
  } catch (error) {
    stderr.write(`${(error as Error).message}\n`);
    return 1;
  }
}

// Not exit(): what was written to a pipe must arrive.
process.exitCode = main(argv.slice(2));
