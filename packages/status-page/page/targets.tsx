import type { JSX } from "preact";
import type { Frame, TargetFrame } from "../src/wire.ts";
import { ago, clock, latency, NOTHING, number, rate, wait } from "./format.ts";
import { Breaker } from "./icons.tsx";
import { ExitName } from "./exit-name.tsx";
import { Empty, Panel } from "./panel.tsx";

const WHY: Readonly<Record<string, string>> = { "no-exits": "no exit can be used", "target-errors": "errors of the target in a row" };

export function Targets({ frame }: { frame: Frame }): JSX.Element {
  const { targets, moreTargets } = frame;
  const open = targets.filter(({ breaker }) => breaker !== "closed").length;
  return (
    <Panel id="breakers" title="Targets and breakers" aside={targets.length === 0 ? undefined : open === 0 ? "all closed" : `${open} not closed`}>
      {targets.length === 0 ? (
        <Empty>No target yet. The first request to a host makes one.</Empty>
      ) : (
        <div class="scroll" tabIndex={0} role="group" aria-labelledby="breakers-title">
          <table>
            <thead>
              <tr>
                <th scope="col">Target</th>
                <th scope="col">Breaker</th>
                <th scope="col" class="right">
                  Waiting
                </th>
                <th scope="col" class="right">
                  In flight
                </th>
              </tr>
            </thead>
            <tbody>
              {targets.map((target) => (
                <TargetRows key={target.name} target={target} />
              ))}
            </tbody>
          </table>
          {moreTargets > 0 && <p class="muted note">and {number(moreTargets)} quieter ones</p>}
        </div>
      )}
    </Panel>
  );
}

function TargetRows({ target }: { target: TargetFrame }): JSX.Element {
  const { name, breaker, breakerReason, nextProbeInMs, waiting, inflight, pausedForMs, pausedBy, pausedAccounts, chosen } = target;
  const says = [
    ...(pausedForMs > 0 ? [`paused as a whole for ${wait(pausedForMs)}${pausedBy === undefined ? "" : `: ${pausedBy.reason}, answered to ${pausedBy.request} ${ago(pausedBy.agoMs)}`}`] : []),
    ...pausedAccounts.map(({ label, forMs }) => `keeps ${label} away for ${wait(forMs)}`),
  ];
  const notes = chosen === undefined ? [] : [`${number(chosen.exits)} of ${number(chosen.asked)} exits chosen, the others only tested`];
  return (
    <>
      <tr class={says.length + notes.length > 0 ? "said-below" : ""}>
        <th scope="row" class="clip">
          {name}
        </th>
        <td>
          <Breaker state={breaker} />
          {breaker !== "closed" && (
            <small>
              {WHY[breakerReason ?? ""] ?? breakerReason}
              {nextProbeInMs !== undefined && `, probe in ${wait(nextProbeInMs)}`}
            </small>
          )}
        </td>
        <td class="right">{number(waiting)}</td>
        <td class="right">{number(inflight)}</td>
      </tr>
      {says.length + notes.length > 0 && (
        <tr>
          <td colSpan={4} class="says">
            {notes.map((line) => (
              <small key={line}>{line}</small>
            ))}
            {says.map((line) => (
              <small key={line} class="l-warning">
                {line}
              </small>
            ))}
          </td>
        </tr>
      )}
    </>
  );
}

export function Races({ frame }: { frame: Frame }): JSX.Element {
  const { settled1m, legs1m, last } = frame.races;
  return (
    <Panel id="races" title="Races" aside={settled1m === 0 ? undefined : `${number(settled1m)} in 1 min, ${rate(legs1m / settled1m)} legs each`}>
      {last.length === 0 ? (
        <Empty>No races since this page was opened. Local exits do not race by default; proxies do.</Empty>
      ) : (
        <div class="scroll" tabIndex={0} role="group" aria-labelledby="races-title">
          <table>
            <thead>
              <tr>
                <th scope="col">Won by</th>
                <th scope="col" class="roomy">
                  Target
                </th>
                <th scope="col" class="right">
                  Legs
                </th>
                <th scope="col" class="right">
                  After
                </th>
                <th scope="col" class="right roomy">
                  At
                </th>
              </tr>
            </thead>
            <tbody>
              {last.map(({ at, target, legs, winner, latencyMs }, index) => (
                <tr key={`${at} ${index}`}>
                  <th scope="row" class="mono clip">
                    {winner === undefined ? <span class="muted">nobody</span> : <ExitName id={winner} />}
                    <small class="tight">{target}</small>
                  </th>
                  <td class="clip roomy">{target}</td>
                  <td class="right">{legs}</td>
                  <td class="right">{latencyMs === undefined ? NOTHING : latency(latencyMs)}</td>
                  <td class="right muted roomy">{clock(at)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
