import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { StateFile } from "../../src/state/state-file.ts";

const folder = mkdtempSync(join(tmpdir(), "multihome-state-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("what was written is read, by its owner alone", async () => {
  const file = new StateFile(join(folder, "a.json"));
  assert.deepEqual(await file.read(), { kind: "none" });
  await Promise.all([file.write("one"), file.write("two")]);
  assert.deepEqual(await file.read(), { kind: "read", text: "two" });
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ["a.json"]);
});

test("whatever else lies there is told apart, and never followed or waited for", async () => {
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("target"), "secret");
  symlinkSync(at("target"), at("link"));
  mkdirSync(at("folder"));
  execFileSync("mkfifo", [at("pipe")]);
  writeFileSync(at("bom"), "\uFEFF{}");
  const reason = async (name: string): Promise<string> => {
    const state = await new StateFile(at(name)).read();
    return state.kind === "bad" ? state.reason : state.kind;
  };
  assert.equal(await reason("link"), "it is a symbolic link");
  assert.equal(await reason("folder"), "it is no regular file");
  assert.equal(await reason("pipe"), "it is no regular file");
  assert.deepEqual(await new StateFile(at("bom")).read(), { kind: "read", text: "{}" });
});

test("a folder that cannot be written keeps the old file and the process", async () => {
  const inner = join(folder, "locked");
  mkdirSync(inner);
  const file = new StateFile(join(inner, "state.json"));
  await file.write("old");
  const missing = new StateFile(join(folder, "gone", "state.json"));
  await assert.rejects(missing.write("new"), { code: "ENOENT" });
  chmodSync(inner, 0o700);
  assert.equal(readFileSync(file.path, "utf8"), "old");
});

test("killed writers leave a whole file, and what they leave beside it is swept away", async () => {
  const path = join(folder, "killed.json");
  const url = new URL("../../src/state/state-file.js", import.meta.url).href;
  const script = `import { StateFile } from ${JSON.stringify(url)};
    const file = new StateFile(process.argv[1]);
    for (let i = 0; ; i++) await file.write(JSON.stringify({ i, fill: "x".repeat(300000), end: true }));`;
  for (let round = 0; round < 8; round++) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], { stdio: "ignore" });
    await new Promise((resolve) => setTimeout(resolve, 150 + round * 7));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    const state = await new StateFile(path).read();
    if (state.kind === "read") assert.equal((JSON.parse(state.text) as { end: boolean }).end, true);
    else assert.equal(state.kind, "none");
  }
  assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith("killed.json.")), []);
});
