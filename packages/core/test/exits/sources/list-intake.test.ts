import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { LONGEST_LIST, ListIntake, MOST_PROXIES } from "../../../src/exits/sources/list-intake.ts";
import { UserIds } from "../../../src/exits/user-ids.ts";
import { proxyLines, taken } from "./support.ts";

const bytes = (text: string): Buffer => Buffer.from(text);

async function ofText(text: string, publicSource = false) {
  return taken(async (intake) => {
    intake.publicSource = publicSource;
    await intake.addBytes(bytes(text));
    intake.end();
  });
}

test("lines end in any way, and comments and blank ones count as none", async () => {
  const read = await ofText("\ufeff# list\r\n192.0.2.1:1080\r\n\r\n192.0.2.2:1080\r192.0.2.3:1080\n// end\n; end\n  \t\n192.0.2.4:1080");
  assert.deepEqual(read.proxies.map(({ id }) => id), [1, 2, 3, 4].map((n) => `socks5://192.0.2.${n}:1080`));
  assert.equal(read.lines, 4);
  assert.equal(read.refused, 0);
});

test("bad lines are counted, the first is kept as a sample without its password, and the good ones live", async () => {
  const read = await ofText("192.0.2.1:1080\n# comment\n192.0.2.2:1080:user:s3cret\nnonsense s3cret\n192.0.2.3:1080");
  assert.equal(read.proxies.length, 2);
  assert.equal(read.lines, 4);
  assert.equal(read.refused, 2);
  assert.match(read.sample ?? "", /^line 3, "192\.0\.2\.2:1080…": more than host and port/);
  assert.ok(!(read.sample ?? "").includes("s3cret"));
});

test("one proxy in several spellings is one, the last password wins, and that is counted", async () => {
  const read = await ofText("socks5://u:old@192.0.2.1:1080\nSOCKS5H://u:new@192.0.2.1#x\n192.0.2.1:1080\nsocks5://192.0.2.1:01080 US");
  assert.deepEqual(read.proxies.map(({ proxy }) => [proxy.username, proxy.password]), [["u", "new"], [undefined, undefined]]);
  assert.equal(read.repeated, 1);
  assert.equal(read.lines, 4);
});

test("a public list names no private addresses, and says so of its proxies", async () => {
  const lines = "10.0.0.1:1080\nsocks5://2852039166:80\n[::ffff:a9fe:a9fe]:80\nlocalhost:1080\n1.1.1.1:1080\nproxy.example:1080";
  const foreign = await ofText(lines, true);
  assert.deepEqual(foreign.proxies.map(({ id, publicSource }) => [id, publicSource]), [["socks5://1.1.1.1:1080", true], ["socks5://proxy.example:1080", true]]);
  assert.equal(foreign.refused, 4);
  assert.match(foreign.sample ?? "", /private address/);

  const own = await ofText(lines);
  assert.equal(own.proxies.length, 5); // Two of them are one.
  assert.ok(own.proxies.every(({ publicSource }) => !publicSource));
});

test("it does not matter where the network cuts a list", async () => {
  const piece = fc.constantFrom("192.0.2.1:1080", "socks5://u:p@h.example:1", "\n", "\r\n", "\r", "\n\n", "# c", "ü", "пример.рф:1080", " ", "x".repeat(1_500), "# ".repeat(1_500), " ".repeat(1_500), "\ufeff", "\u0000");
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), async (pieces, sizes) => {
      const text = bytes(pieces.join(""));
      const whole = await ofText(text.toString());
      const cut = await taken(async (intake) => {
        for (let at = 0, step = 0; at < text.length; step++) {
          const next = at + sizes[step % sizes.length];
          await intake.addBytes(text.subarray(at, next));
          at = next;
        }
        intake.end();
      });
      // A \r\n that was cut in two makes a blank line, which shifts nothing but the number in the sample.
      assert.deepEqual({ ...cut, sample: cut.sample?.replace(/\d+/, "") }, { ...whole, sample: whole.sample?.replace(/\d+/, "") });
    }),
    { numRuns: 500 },
  );
});

test("bytes that are no text throw nothing and name nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 })), async (chunks) => {
      const read = await taken(async (intake) => {
        for (const chunk of chunks) await intake.addBytes(chunk);
        intake.end();
      });
      assert.ok(read.refused <= read.lines);
    }),
  );
  const packed = await taken((intake) => intake.addBytes(gzipSync(proxyLines(1_000).join("\n"))));
  assert.equal(packed.proxies.length, 0);
});

test("a line of ten megabytes is one refused line, and is not kept", async () => {
  const part = Buffer.alloc(65_536, 97);
  const read = await taken(async (intake) => {
    await intake.addBytes(bytes("192.0.2.1:1080\n"));
    for (let sent = 0; sent < 10_000_000; sent += part.length) await intake.addBytes(part);
    await intake.addBytes(bytes("\n192.0.2.2:1080\n"));
    intake.end();
  });
  assert.equal(read.proxies.length, 2);
  assert.equal(read.lines, 3);
  assert.equal(read.refused, 1);
  assert.match(read.sample ?? "", /^line 2, .*longer than 2048/);
});

test("of a line that is too long nothing is shown, wherever its password stands", async () => {
  const line = `socks5://${"s3cret".repeat(500)}:12345@h.example:1`;
  for (const size of [line.length, 2_500]) {
    const read = await taken(async (intake) => {
      for (let at = 0; at < line.length; at += size) await intake.addBytes(bytes(line.slice(at, at + size)));
      intake.end();
    });
    assert.equal(read.sample, 'line 1, "…": longer than 2048 characters');
    assert.equal(read.refused, 1);
  }
});

test("a list without end is cut at 32 MB, in front of the line that was cut in two", async () => {
  const part = bytes(`${"# ".padEnd(65_519, "x")}\n192.0.2.1:10801\n`);
  assert.equal(part.length, 65_536);
  let sent = 0;
  const read = await taken(async (intake) => {
    await intake.addBytes(bytes("#\n")); // So that the end comes inside of a line: without it 32 MB would be 512 whole parts.
    while (await intake.addBytes(part)) sent += part.length;
  });
  assert.ok(sent < LONGEST_LIST && sent > LONGEST_LIST - 2 * part.length);
  assert.equal(read.cut, "longer than 32 MB");
  assert.deepEqual(read.proxies.map(({ id }) => id), ["socks5://192.0.2.1:10801"]);
  assert.equal(read.refused, 0);
});

test("lines that come as such are counted, too", async () => {
  const line = `# ${"x".repeat(1_022)}`;
  let count = 0;
  const read = await taken(async (intake) => {
    while (await intake.addLines([line, "192.0.2.1:1080"])) count++;
  });
  assert.equal(read.cut, "longer than 32 MB");
  assert.ok(Math.abs(count * 1_040 - LONGEST_LIST) < 2_000, String(count));
});

test("no list brings more proxies than a process can bear", async () => {
  const lines = Array.from({ length: MOST_PROXIES + 5_000 }, (_, index) => `1.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}:1080`);
  const read = await taken((intake) => intake.addLines(lines));
  assert.equal(read.proxies.length, MOST_PROXIES);
  assert.equal(read.cut, "longer than 200000 proxies");
});

test("what is no text is a refused line", async () => {
  const read = await taken((intake) => intake.addLines([null, undefined, 5, {}, "192.0.2.1:1080", Symbol("x")]));
  assert.equal(read.proxies.length, 1);
  assert.equal(read.refused, 5);
});

test("timers and sockets have their turn while a long list is read", async () => {
  let turns = 0;
  let reading = true;
  const turn = (): void => {
    turns++;
    if (reading) setImmediate(turn);
  };
  setImmediate(turn);
  await taken((intake) => intake.addLines(proxyLines(20_000)));
  reading = false;
  assert.ok(turns >= 9, String(turns));
});

test("what comes after the end was given up changes nothing", async () => {
  const intake = new ListIntake(new UserIds());
  await intake.addLines(["192.0.2.1:1080"]);
  const read = intake.close();
  assert.equal(await intake.addLines(["192.0.2.2:1080"]), false);
  assert.equal(await intake.addBytes(bytes("192.0.2.3:1080\n")), false);
  assert.equal(read.proxies.length, 1);
  assert.equal(intake.close().proxies.length, 1);
});

test("users whose digests begin alike keep their ids at every refresh, whoever is listed first", () => {
  const [first, second] = usersAlike();
  const ids = new UserIds();
  const before = [first, second].map((user) => ids.idOf("http://h:1", user));
  assert.deepEqual([second, first].map((user) => ids.idOf("http://h:1", user)).toReversed(), before);
  for (const id of before) assert.match(id, /^http:\/\/h:1#[0-9a-f]{6}$/);
  assert.notEqual(before[0], before[1]);

  ids.keepOnly((id) => id === before[1]);
  assert.equal(ids.size, 1);
  assert.equal(ids.idOf("http://h:1", second), before[1]);
});

test("ids are unique among thousands of users at one place, and the same as those of proxies given by hand", async () => {
  const { readProxies } = await import("../../../src/exits/proxy-exits.ts");
  const lines = Array.from({ length: 10_000 }, (_, index) => `http://user-${index}:p@h.example:1`);
  const read = await taken((intake) => intake.addLines(lines));
  assert.equal(new Set(read.proxies.map(({ id }) => id)).size, 10_000);
  assert.deepEqual(read.proxies.map(({ id }) => id), readProxies(lines).proxies.map(({ id }) => id));
});

/** 24 bits: a few thousand names are enough for two to meet. */
function usersAlike(): [string, string] {
  const seen = new Map<string, string>();
  for (let index = 0; ; index++) {
    const name = `user-${index}`;
    const start = createHash("sha256").update(name).digest("hex").slice(0, 6);
    const other = seen.get(start);
    if (other !== undefined) return [other, name];
    seen.set(start, name);
  }
}
