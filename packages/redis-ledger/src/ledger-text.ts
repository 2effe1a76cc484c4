import type { RedisLedger } from "./ledger.ts";

const MODES = ["connecting", "shared", "local-share", "closed", "open"] as const;

/** Prometheus text of what a ledger counts, to be put behind the pool's own (`prometheusText(pool) + ledgerText(ledger)`). */
export function ledgerText(ledger: RedisLedger): string {
  const { mode, processes, silent, roundTrips, missed, granted, refused, owed, counters } = ledger.status();
  const lines: string[] = [];
  const family = (name: string, type: "gauge" | "counter", help: string, samples: readonly (readonly [labels: string, value: number])[]): void => {
    lines.push(`# HELP multihome_ledger_${name} ${help}`, `# TYPE multihome_ledger_${name} ${type}`);
    for (const [labels, value] of samples) lines.push(`multihome_ledger_${name}${labels} ${value}`);
  };
  family("mode", "gauge", "1 for the way in which limits are counted now.", MODES.map((name) => [`{mode="${name}"}`, name === mode ? 1 : 0]));
  family("processes", "gauge", "Processes lately seen.", [["", processes]]);
  family("silent_processes", "gauge", "Of them, those whom the store does not hear of: their parts are set aside.", [["", silent]]);
  family("round_trips_total", "counter", "Calls to the store.", [["", roundTrips]]);
  family("missed_total", "counter", "Calls that were not answered in time.", [["", missed]]);
  family("granted_total", "counter", "Reservations granted.", [['{by="slice"}', granted.slices], ['{by="store"}', granted.store], ['{by="alone"}', granted.alone]]);
  family("refused_total", "counter", "Reservations refused.", [["", refused]]);
  family("owed", "gauge", "Corrections that the store has yet to be told.", [["", owed]]);
  family("counters", "gauge", "Counters that are known here.", [["", counters]]);
  return `${lines.join("\n")}\n`;
}
