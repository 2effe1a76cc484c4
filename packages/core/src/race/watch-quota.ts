import type { AlertOptions } from "../model/options.ts";
import { channels } from "../observe/channels.ts";
import type { Quota } from "../quota/quota.ts";
import { Calibrator, type RequestCost } from "../weights/index.ts";
import type { Target } from "./target.ts";

/** At this share of a limit an exit's status becomes "warning". */
const STATUS_AT = 0.8;

/** Hears what a target's quota finds out: how full its counters get, and what requests really cost. */
export function watchQuota(target: Target, quota: Quota, tabled: boolean, alerts: AlertOptions): void {
  const { engine } = target;
  const warningAt = alerts.utilisationWarning ?? 0.7;
  const criticalAt = alerts.utilisationCritical ?? 0.9;
  quota.watch([...new Set([warningAt, STATUS_AT, criticalAt])].sort((a, b) => a - b), (limit, row, share, ratio, told) => {
    const level = share >= criticalAt ? "critical" : share >= STATUS_AT ? "status" : "warning";
    target.tally.crossed(limit.name, level);
    if (!channels.limitUpdated.hasSubscribers) return;
    // Counters of exits have even rows; those of accounts, instruments and the target have none of an exit.
    const exit = limit.scope === "exit" && row % 2 === 0 ? engine.table.membersOf(row / 2)[0] : undefined;
    channels.limitUpdated.publish({
      pool: engine.name,
      at: engine.clock.now(),
      exit: exit === undefined ? "" : (engine.table.exits[exit]?.id ?? ""),
      target: target.name,
      limit: limit.name,
      used: Math.round(ratio * limit.meter.limit),
      of: limit.meter.limit,
      utilisation: ratio,
      level,
      source: told ? "server" : "own",
    });
  });
  if (!tabled) return;
  const calibrator = new Calibrator({
    onChange: ({ endpoint, kind, observed, table }) =>
      engine.warn(
        kind === "raised" ? `${endpoint} at ${target.name} costs ${observed}; its table says ${table}. It is counted as ${observed} from now on.` : `${endpoint} at ${target.name} seems to cost ${observed}; its table says ${table}, and that is still counted.`,
        { target: target.name, endpoint, table, observed },
      ),
  });
  target.calibrator = calibrator;
  quota.onSample = ({ source, observed, succeeded }) => {
    if (source !== undefined) calibrator.observe(source as RequestCost, observed, succeeded);
  };
}
