import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createExitPool, type ExitPool, type RequestInfo, type TargetOptions, type Transport, type ResponseInfo } from "@multihome/core";
import { noopTransport } from "@multihome/core/testing";
import { binanceSpot } from "@multihome/core/venues";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { startStatusServer, type StatusServer } from "../src/index.ts";

const PLACES = [process.env["MULTIHOME_CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
const CHROMIUM = PLACES.find((place) => place !== undefined && existsSync(place));
const SKIP = CHROMIUM === undefined ? "no Chromium found; MULTIHOME_CHROMIUM may name one" : false;
/** Where pictures go, for people to look at; none are made where nobody asks. */
const PICTURES = process.env["MULTIHOME_SCREENSHOTS"];
/** A machine may be busy with other things; nothing here is about speed but what is counted in CPU time. */
const PATIENT = { timeout: 60_000 };
/** No task of the page may keep it from answering its user for longer. */
const LONGEST_TASK_MS = 200;

const HOST = "api.test";
const get: RequestInfo = { method: "GET", url: `http://${HOST}/`, host: HOST, path: "/" };
// Of a day: a window of a minute would turn in the middle of a test now and then.
const limits = [{ name: "weight-1d", unit: "weight", limit: 20, per: "1d", align: "fixed" }] as const;

void describe("the page in a browser", { skip: SKIP, timeout: 240_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await puppeteer.launch({ executablePath: CHROMIUM as string, args: ["--no-sandbox", "--disable-dev-shm-usage"], protocolTimeout: 120_000 });
  });
  after(() => browser.close());

  /** Opens it; whatever a console or a script complains of fails the test that calls `done`. */
  async function open(url: string, { width = 1280, height = 900, scheme = "light" } = {}): Promise<{ page: Page; done(): Promise<void> }> {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      // A lost connection, and a question that makes no sense, are the browser's to report.
      if (["error", "warn"].includes(message.type()) && !/net::ERR|status of 400/.test(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.setDefaultTimeout(PATIENT.timeout);
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(url);
    await page.waitForSelector(".c-live");
    return {
      page,
      async done() {
        assert.deepEqual(complaints, []);
        await page.close();
      },
    };
  }

  test("says that nothing has happened yet, then shows what does, in both colours and in a narrow window", async (t) => {
    const { pool, server } = await start(t, 12);
    const { page, done } = await open(server.url);
    assert.equal(await textOf(page, ".limiting p"), "No requests yet.");
    assert.match(await textOf(page, "#throughput"), /No requests yet/);
    await picture(page, "empty");

    for (let i = 0; i < 100; i++) await pool.run(get, noopTransport());

    await page.waitForFunction("document.querySelectorAll('#throughput canvas').length === 1 && document.querySelectorAll('.meter').length === 12");
    await page.waitForFunction("/of 100 attempts/.test(document.querySelector('.strip').textContent)");
    await page.waitForFunction("[...document.querySelectorAll('.meter [role=meter]')].some((bar) => Number(bar.getAttribute('aria-valuenow')) >= 40)");
    assert.match(await textOf(page, ".limiting p"), /^Nothing limits it now: every request leaves at once\. The fullest budget: weight-1d of api\.test is used by 4\d\s% on average/);
    const waiting = Array.from({ length: 200 }, () => pool.run(get, noopTransport()).catch(() => {}));
    await page.waitForFunction("/^weight-1d is used up on 12 of 12 exits; .*60 requests wait for api.test/.test(document.querySelector('.limiting p').textContent)");
    await picture(page, "busy");

    for (const scheme of ["light", "dark"]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.waitForFunction(`document.documentElement.dataset.theme === "${scheme}"`);
      await page.setViewport({ width: 390, height: 844 });
      // Nothing is wider than the window.
      await page.waitForFunction("document.documentElement.scrollWidth === 390");
      await picture(page, `narrow-${scheme}`);
      await page.setViewport({ width: 1280, height: 900 });
      await picture(page, scheme);
    }
    await page.select(".theme select", "light");
    assert.equal(await page.evaluate("document.documentElement.dataset.theme"), "light");
    await done();
    await pool.close();
    await Promise.all(waiting);
  });

  test("sorts, filters, and opens an exit to its targets and last outcomes; a refusal is two clicks away", async (t) => {
    const { pool, server } = await start(t, 30);
    for (let i = 0; i < 40; i++) await pool.run(get, noopTransport());
    await pool.run(get, answering(418, { "retry-after": "120" }));
    await pool.run(get, answering(403)).catch(() => {});
    const { page, done } = await open(server.url);
    await page.waitForFunction("document.querySelectorAll('.row').length >= 10");

    await page.click("#exits thead th:nth-child(6) button");
    await page.waitForFunction("document.querySelector('#exits [aria-sort]').getAttribute('aria-sort') === 'descending'");
    const answers = (await page.evaluate("[...document.querySelectorAll('.row td:nth-child(6)')].map((cell) => Number(cell.textContent))")) as number[];
    assert.deepEqual(answers, [...answers].sort((a, b) => b - a));
    assert.equal(answers[0], 2);

    await page.click(".chip.s-banned");
    await page.waitForFunction("document.querySelectorAll('.row').length === 1");
    const banned = (await textOf(page, ".row .exit")).trim();
    await page.click(".row");
    await page.waitForFunction("/banned/.test(document.querySelector('.card')?.textContent ?? '')");
    assert.match(await textOf(page, ".card"), /api\.test.*back in .*weight-1d.*Last trouble: banned.*418.*GET \/.*1 refused/s);
    await page.waitForFunction(`/has banned ${banned.replaceAll(".", "\\.")} for 2.min/.test(document.querySelector(".exit-details .log")?.textContent ?? "")`);

    await page.click(".chip.s-banned");
    await page.type("#exits input[type=search]", "127.0.1.1");
    await page.waitForFunction("document.querySelectorAll('.row').length === 11");
    await page.type("#exits input[type=search]", "x");
    await page.waitForFunction("/No exit matches/.test(document.querySelector('#exits').textContent)");

    // Remembered from here on.
    await page.click("#requests button");
    await page.waitForFunction("/No requests since this was first opened/.test(document.querySelector('#requests').textContent)");
    await pool.run(get, noopTransport());
    await page.waitForFunction("/GET \\/.*answered.*nothing.*127\\.0\\.1\\.\\d+ success/s.test(document.querySelector('#requests tbody')?.textContent ?? '')");
    const late = Array.from({ length: 700 }, () => pool.run(get, noopTransport()).catch(() => {}));
    // Rows would keep their places under the pointer.
    await page.mouse.move(1, 1);
    await page.waitForSelector("#requests button[aria-label='Why GET / waits']");
    await page.evaluate("document.querySelector('#requests button[aria-label^=Why]').click()");
    await page.waitForFunction("/No exit can take it now.*no room in weight-1d/s.test(document.querySelector('#requests .explained')?.textContent ?? '')");
    await picture(page, "opened");

    // From the event to the exit.
    await page.click("#events .event .link");
    await page.waitForFunction("document.querySelector('.row.open .exit')?.textContent.length > 0");
    await done();
    await pool.close();
    await Promise.all(late);
  });

  test("explains a request in words, and says what is wrong with one", async (t) => {
    const { pool, server } = await start(t, 3);
    const { page, done } = await open(server.url);
    await page.type("#explain input", `http://${HOST}/v1/x`);
    await page.click("#explain .primary");
    await page.waitForSelector(".explained");
    assert.match(await textOf(page, ".explained"), /It could leave at once, by 3 of 3 exits\..*weight-1d: 1 of 20 in 1\sd, by exit.*3 of 3 could take it now/s);
    // What the field itself would not let through.
    await page.evaluate("document.querySelector('#explain input').type = 'text'");
    await page.type("#explain input", "nonsense ");
    await page.keyboard.press("Home");
    await page.keyboard.type("mailto:");
    await page.click("#explain .primary");
    await page.waitForFunction("/Expected a whole URL/.test(document.querySelector('#explain').textContent)");
    await picture(page, "explain");
    await done();
    await pool.close();
  });

  test("keeps everything inside its panel in a narrow window, with the longest of what there is to say", async (t) => {
    const { pool, server } = await start(t, 8, 0, { ...binanceSpot(), hosts: HOST, serverOffset: 0 });
    const { page, done } = await open(server.url, { width: 380, height: 800 });
    await page.type("#explain input", `http://${HOST}/api/v3/depth?symbol=BTCUSDT&limit=5000&x=${"x".repeat(200)}`);
    await page.click("#explain .primary");
    await page.waitForSelector(".explained .groups");
    await page.click("#requests button");
    await page.waitForFunction("/No requests since this was first opened/.test(document.querySelector('#requests').textContent)");
    await pool.run({ ...get, path: `/${"very-long".repeat(20)}` }, answering(418, { "retry-after": "120" }));
    await page.waitForSelector("#requests tbody tr");
    await page.waitForSelector("#events .event");
    await page.click(".row");
    await page.waitForSelector(".card");
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 380);
    const beyond = (await page.evaluate(`[...document.querySelectorAll(".panel :not(.hidden, .u-wrap *, .u-wrap)")].flatMap((each) => {
      const { right, width } = each.getBoundingClientRect();
      return width > 0 && right > each.closest(".panel").getBoundingClientRect().right + 0.5 ? [each.outerHTML.slice(0, 80)] : [];
    })`)) as string[];
    assert.deepEqual(beyond, []);
    await picture(page, "narrow-explained");
    await done();
    await pool.close();
  });

  test("shows the lists that proxies come from, and what is wrong with one, without its password", async (t) => {
    const good = { name: "mine", read: () => Promise.resolve(["192.0.2.1:1080", "192.0.2.2:1080", "nonsense"]) };
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const pool = createExitPool({ exits: { sources: [good, "http://user:CANARY@127.0.0.1:9/list.txt?key=CANARY"] }, logger });
    t.after(() => pool.close());
    const server = await startStatusServer(pool);
    await pool.ready();
    const { page, done } = await open(server.url, { scheme: "dark" });
    await page.waitForSelector("#sources tbody tr");
    assert.match(await textOf(page, "#sources"), /1 not readable.*mine.*2.*1.*http:\/\/\*\*\*@127\.0\.0\.1:9\/list\.txt.*could not be read/s);
    assert.doesNotMatch((await page.evaluate("document.documentElement.outerHTML")) as string, /CANARY/);
    await picture(page, "sources");
    await done();
    await pool.close();
  });

  test("says that the connection is lost, and is back after a restart of the server", async (t) => {
    const { pool, server } = await start(t, 3);
    const { page, done } = await open(server.url);
    const port = Number(new URL(server.url).port);
    await server.close();
    await page.waitForFunction("/connection lost, trying again/.test(document.querySelector('.pill').textContent)");
    await picture(page, "lost");
    await pool.close();

    // Another process, as far as the page can see: fewer numbers, other exits.
    const { pool: next } = await start(t, 5, port);
    await page.waitForSelector(".c-live");
    await page.waitForFunction("document.querySelectorAll('.row').length === 5");
    await next.run(get, noopTransport());
    await page.waitForFunction("/of 1 attempts/.test(document.querySelector('.strip').textContent)");

    await next.close();
    await page.waitForFunction("/the pool has closed/.test(document.querySelector('.pill').textContent)");
    await done();
  });

  test("can be walked with the keyboard alone, with the focus in sight, and has a name for everything", async (t) => {
    const { pool, server } = await start(t, 120);
    for (let i = 0; i < 50; i++) await pool.run(get, noopTransport());
    const { page, done } = await open(server.url);
    await page.waitForFunction("document.querySelectorAll('.row').length >= 10 && document.querySelector('.heat-map') !== null");

    const seen: string[] = [];
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      const { name, outlined, label } = (await page.evaluate(`(() => {
        const of = document.activeElement;
        const style = getComputedStyle(of);
        const label = of.getAttribute("aria-label") ?? of.labels?.[0]?.textContent ?? (of.getAttribute("aria-labelledby") ? document.getElementById(of.getAttribute("aria-labelledby"))?.textContent : undefined) ?? of.textContent;
        return { name: of.tagName + "." + of.className, outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, label };
      })()`)) as { name: string; outlined: boolean; label: string };
      if (name.startsWith("BODY")) break;
      seen.push(name);
      assert.ok(outlined, `${name} shows that it has the focus`);
      assert.ok(label.trim() !== "", `${name} has a name`);
    }
    for (const wanted of ["A.skip", "SELECT.", "DIV.heat-map", "INPUT.", "BUTTON.chip s-active", "BUTTON.", "TR.row ", "BUTTON.primary", "BUTTON.link"]) assert.ok(seen.includes(wanted) || wanted === "BUTTON.link", `${wanted} is reached: ${seen.join(", ")}`);

    await page.focus(".row");
    for (const key of ["ArrowDown", "ArrowDown", "Enter"] as const) await page.keyboard.press(key);
    await page.waitForSelector(".row.open[aria-rowindex='4'] + .details .card");
    assert.equal(await page.evaluate("document.activeElement.dataset.row"), "2");
    await page.keyboard.press("End");
    await page.waitForFunction("document.activeElement.dataset.row === '119'");
    await page.keyboard.press("Escape");
    await page.waitForFunction("document.querySelector('.row.open') === null");

    await page.focus(".heat-map");
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown"] as const) await page.keyboard.press(key);
    assert.match(await textOf(page, "#heat-says"), /^127\.0\.1\.\d+: (active|unknown) · \d+ % used/);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".row.open");

    const landmarks = await page.evaluate("['header','main','h1','section[aria-labelledby]','[role=status]','[role=log],#events','table[aria-rowcount]'].map((each) => document.querySelectorAll(each).length > 0)");
    assert.deepEqual(landmarks, [true, true, true, true, true, true, true]);
    const headings = (await page.evaluate("[...document.querySelectorAll('section')].map((section) => document.getElementById(section.getAttribute('aria-labelledby'))?.textContent)")) as string[];
    assert.deepEqual(headings, ["Throughput", "Latency", "Budgets", "Targets and breakers", "Races", "Exits", "Last requests", "Explain a request", "Events"]);
    await done();
    await pool.close();
  });

  test("shows 20,000 exits at work, and no task of it takes longer than a fifth of a second", async (t) => {
    const exits = 20_000;
    const proxies = Array.from({ length: exits }, (_, i) => `socks5://user:secret@10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1080`);
    const pool = createExitPool({ exits: { proxies, strategy: "random" }, defaults: { race: { mode: "off" }, spacing: 0, limits: [...limits] } });
    t.after(() => pool.close());
    const server = await startStatusServer(pool);
    await pool.ready();
    const busy = new AbortController();
    const sending = (async () => {
      for (let i = 0; !busy.signal.aborted; i++) {
        for (let n = 0; n < 50; n++) await pool.run(get, n === 0 ? answering(403) : noopTransport()).catch(() => {});
        await pause(25);
      }
    })();
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 900 });
    await page.tracing.start({ categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"] });
    await page.goto(server.url);
    await page.waitForFunction(`document.querySelector("#exits table")?.getAttribute("aria-rowcount") === "${exits + 1}"`, PATIENT);
    await page.waitForFunction("document.querySelector('.heat-map canvas')?.height > 100", PATIENT);
    await pause(2_500);
    await page.click("#exits thead th:nth-child(6) button");
    await page.waitForFunction("Number(document.querySelector('.row td:nth-child(6)').textContent) > 0", PATIENT);
    await page.evaluate("document.querySelector('.table').scrollTop = 1e9");
    await page.waitForFunction(`document.querySelector(".row[aria-rowindex='${exits + 1}']") !== null`, PATIENT);
    await page.type("#exits input[type=search]", "10.0.7.1");
    await page.waitForFunction("/^111 of 20,000$/.test(document.querySelector('#exits .aside').textContent)", PATIENT);
    await page.waitForFunction("document.querySelector('.row').getAttribute('aria-rowindex') === '2' && document.querySelector('.row').getBoundingClientRect().height > 0", PATIENT);
    await pause(2_500);
    const trace = JSON.parse(Buffer.from((await page.tracing.stop()) ?? []).toString("utf8")) as { traceEvents: { name: string; tdur?: number; pid: number; tid: number; args?: { name?: string } }[] };
    await picture(page, "many");
    await page.setViewport({ width: 390, height: 844 });
    await page.waitForFunction("document.documentElement.scrollWidth === 390 && document.querySelector('.heat-map canvas').clientWidth < 390", PATIENT);
    await picture(page, "many-narrow");
    assert.doesNotMatch((await page.evaluate("document.documentElement.outerHTML")) as string, /secret/);
    busy.abort();
    await sending;
    await page.close();
    await pool.close();

    // CPU time of the thread that the page runs on: what others do on this machine is not in it.
    const mains = new Set(trace.traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`));
    const tasks = trace.traceEvents.filter(({ name, pid, tid }) => name.endsWith("RunTask") && mains.has(`${pid} ${tid}`)).map(({ tdur = 0 }) => tdur / 1_000);
    assert.ok(tasks.length > 100, `${tasks.length} tasks were seen`);
    const longest = Math.max(...tasks);
    t.diagnostic(`longest task: ${longest.toFixed(0)} ms of CPU, of ${tasks.length}`);
    assert.ok(longest < LONGEST_TASK_MS, `the longest took ${longest} ms`);
  });
});

async function start(t: TestContext, exits: number, port = 0, target: TargetOptions = { serverOffset: 0, limits: [...limits] }): Promise<{ pool: ExitPool; server: StatusServer }> {
  const pool = createExitPool({ exits: { local: Array.from({ length: exits }, (_, i) => `127.0.1.${i + 1}`) }, queue: { maxAttempts: 1 }, targets: { [HOST]: target } });
  t.after(() => pool.close());
  const server = await startStatusServer(pool, { port });
  await pool.ready();
  return { pool, server };
}

function answering(status: number, headers: Record<string, string> = {}): Transport<ResponseInfo> {
  return { send: (_lease) => Promise.resolve({ status, header: (name) => headers[name] }), inspect: (response) => response, discard: () => undefined };
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`)) as string;
}

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  // One frame for what has just been changed.
  await pause(400);
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
}
