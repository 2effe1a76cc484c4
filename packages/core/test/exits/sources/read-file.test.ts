import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";
import type { ListContent } from "../../../src/exits/sources/list-intake.ts";
import { readFileList } from "../../../src/exits/sources/read-file.ts";
import { directory, proxyLines, taken } from "./support.ts";

const read = (file: string, signal = new AbortController().signal): Promise<ListContent> => taken((intake) => readFileList(file, intake, signal));

test("a file of twenty thousand lines is read, and one without a line break at its end", async (t) => {
  const file = path.join(await directory(t), "list.txt");
  const lines = Array.from({ length: 20_000 }, (_, index) => `1.2.${index >> 8}.${index & 255}:1080`);
  await writeFile(file, lines.join("\r\n"));
  const list = await read(file);
  assert.deepEqual(list.proxies.map(({ id }) => id), lines.map((line) => `socks5://${line}`));
  assert.equal(list.refused, 0);
});

test("a file may name private proxies, also through a link", async (t) => {
  const dir = await directory(t);
  await writeFile(path.join(dir, "list.txt"), "10.0.0.1:1080\nlocalhost:1080\n127.0.0.1:1080\n");
  await symlink(path.join(dir, "list.txt"), path.join(dir, "link"));
  assert.equal((await read(path.join(dir, "link"))).proxies.length, 3);
});

test("an empty file is an empty list", async (t) => {
  const file = path.join(await directory(t), "list.txt");
  await writeFile(file, "");
  assert.equal((await read(file)).lines, 0);
});

test("what is no regular file is refused, a pipe that nobody writes to without waiting", async (t) => {
  const dir = await directory(t);
  await mkdir(path.join(dir, "sub"));
  execFileSync("mkfifo", [path.join(dir, "pipe")]);
  await assert.rejects(read(path.join(dir, "sub")), /no regular file|EISDIR/);
  await assert.rejects(read(path.join(dir, "pipe")), /no regular file/);
  await assert.rejects(read("/dev/zero"), /no regular file/);
  await assert.rejects(read(path.join(dir, "none")), { code: "ENOENT" });
});

test("of a file of a gigabyte, 32 MB are read", async (t) => {
  const file = path.join(await directory(t), "list.txt");
  await writeFile(file, proxyLines(10).join("\n") + "\n");
  await truncate(file, 1_000_000_000); // Zeros, that take no room on the disk: one long line.
  const list = await read(file);
  assert.equal(list.cut, "longer than 32 MB");
  assert.equal(list.proxies.length, 10);
  assert.equal(list.refused, 1);
});

test("an abort ends it", async (t) => {
  const file = path.join(await directory(t), "list.txt");
  await writeFile(file, proxyLines(10).join("\n"));
  const list = await read(file, AbortSignal.abort());
  assert.equal(list.proxies.length, 0);
});
