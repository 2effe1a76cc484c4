import { readProxies } from "../exits/proxy-exits.ts";
import { CellBatch } from "../health/cell-batch.ts";
import { CellWriter, RecordWriter } from "./cells.ts";
import { isName, MOST_EXITS, MOST_TARGETS, type SavedState, type SavedTarget } from "./format.ts";
import { isFields, isTime } from "./version-2.ts";

/** What a success rate looks back on. */
const SAMPLES = 30;
const MOST = 0xffff_ffff;

/**
 * A file of the format `{ version: 1, saved_at, proxies: { url: { state, hosts: { host: { success, fail, avg_latency_ms,
 * consecutive_fails } } } } }`. It holds neither windows nor times: the last outcomes are made up in the same proportion, with
 * the failures in a row as the newest of them, and a success is taken to have been just before it was saved.
 */
export function readVersion1(json: Record<string, unknown>, odd: () => void): SavedState {
  const { saved_at: text, proxies } = json;
  const time = typeof text === "string" ? Date.parse(text) : Number.NaN;
  if (!isFields(proxies)) throw new Error("it has no proxies");
  const exits: string[] = [];
  const records = new RecordWriter();
  const cells = new Map<string, CellWriter>();
  const one = new CellBatch();
  for (const [url, proxy] of Object.entries(proxies)) {
    const id = idOf(url);
    if (id === undefined || !isFields(proxy) || exits.length >= MOST_EXITS) {
      odd();
      continue;
    }
    const exit = exits.push(id) - 1;
    const sum = { success: 0, fail: 0 };
    for (const [host, figures] of isFields(proxy["hosts"]) ? Object.entries(proxy["hosts"]) : []) {
      if (!isName(host) || !isFields(figures) || (cells.size >= MOST_TARGETS && !cells.has(host))) {
        odd();
        continue;
      }
      let writer = cells.get(host);
      if (writer === undefined) cells.set(host, (writer = new CellWriter()));
      const success = countOf(figures["success"]);
      const fail = countOf(figures["fail"]);
      const consecutiveFails = countOf(figures["consecutive_fails"]);
      if (success + fail === 0) continue;
      sum.success += success;
      sum.fail += fail;
      one.count = 0;
      one.put(exit, {
        ...madeUp(success, fail, consecutiveFails),
        success,
        fail,
        consecutiveFails,
        avgLatencyMs: Math.min(countOf(figures["avg_latency_ms"]), 86_400_000),
        warnings: 0,
        level: 0,
        coolsForMs: 0,
        sinceSuccessMs: success > 0 ? 0 : undefined,
      });
      writer.add(one);
    }
    const success = Math.min(MOST, sum.success);
    const fail = Math.min(MOST, sum.fail);
    const dead = proxy["state"] === "dead";
    const hadSuccess = success > 0 && !dead;
    const record = { ...madeUp(success, fail, 0), success, fail, sinceSuccessMs: success > 0 ? 0 : undefined, barren: hadSuccess ? 0 : Math.min(0xffff, fail), hadSuccess, dead, onTrial: false, deaths: dead ? 1 : 0, refreshesToSitOut: dead ? 1 : 0 };
    records.add(success + fail === 0 && !dead ? undefined : record, 0);
  }
  const targets = new Map<string, SavedTarget>();
  for (const [host, writer] of cells) targets.set(host, { unseenDays: 0, offset: undefined, cells: Buffer.from(writer.base64(), "base64"), pauses: [], accounts: [], whole: undefined, limits: [], beliefs: NOTHING, host: [0, 0, 0] });
  return { savedAt: isTime(time) ? time : 0, closed: false, exits, records: Buffer.from(records.base64(), "base64"), targets, beliefs: NOTHING, times: undefined };
}

const NOTHING = new Uint8Array(0);

/** The id that the pool's exit for that proxy has; its password is not looked at. */
function idOf(url: string): string | undefined {
  return isName(url) ? readProxies([url], { defaultProtocol: "socks5" }).proxies[0]?.id : undefined;
}

function madeUp(success: number, fail: number, consecutiveFails: number): { samples: number; outcomes: number } {
  const samples = Math.min(SAMPLES, success + fail);
  if (samples === 0) return { samples: 0, outcomes: 0 };
  const good = Math.round((samples * success) / (success + fail));
  const newest = Math.min(consecutiveFails, samples - good);
  // Bit 0 is the newest.
  return { samples, outcomes: good === 0 ? 0 : (2 ** good - 1) * 2 ** newest };
}

function countOf(value: unknown): number {
  return typeof value === "number" && value > 0 ? Math.floor(Math.min(value, MOST)) : 0;
}
