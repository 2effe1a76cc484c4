import type { JSX } from "preact";
import type { Point } from "../src/wire.ts";
import { Chart } from "./chart.tsx";
import { latency, rate } from "./format.ts";
import { Empty, Panel } from "./panel.tsx";

export function Charts({ points, used }: { points: readonly Point[]; used: boolean }): JSX.Element {
  const times = points.map(([at]) => at);
  const answered = points.map(([, perSecond]) => perSecond);
  const refused = points.map(([, , some]) => some);
  const p50 = points.map(([, , , value]) => value);
  const p99 = points.map(([, , , , value]) => value);
  const now = points.at(-1);
  return (
    <div class="pair">
      <Panel id="throughput" title="Throughput" aside="answers a second, 5 min">
        {used ? (
          <Chart
            label={`Throughput: ${rate(now?.[1] ?? 0)} answers in the last second, at most ${rate(Math.max(0, ...answered))}; ${now?.[2] ?? 0} refusals.`}
            times={times}
            format={rate}
            lines={[
              { label: "answered", colour: "accent", filled: true, values: answered },
              { label: "refused", colour: "bad", dashed: true, values: refused },
            ]}
          />
        ) : (
          <Empty>No requests yet. The first one draws a line here.</Empty>
        )}
      </Panel>
      <Panel id="latency" title="Latency" aside="of the last 10 s each, waiting included">
        {p50.some((value) => value !== null) ? (
          <Chart
            label={`Latency: half of the answers within ${latency(now?.[3] ?? 0)}, 99 of 100 within ${latency(now?.[4] ?? 0)}.`}
            times={times}
            format={latency}
            lines={[
              { label: "p50", colour: "accent", values: p50 },
              { label: "p99", colour: "violet", dashed: true, values: p99 },
            ]}
          />
        ) : (
          <Empty>{used ? "No answers since this page was opened." : "No requests yet."}</Empty>
        )}
      </Panel>
    </div>
  );
}
