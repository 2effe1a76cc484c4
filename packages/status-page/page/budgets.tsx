import type { JSX } from "preact";
import type { ExitFrame, LimitFrame, TargetFrame } from "../src/wire.ts";
import { number, percent, span, wait } from "./format.ts";
import { HeatMap } from "./heat-map.tsx";
import { State } from "./icons.tsx";
import { FEW, type View } from "./live.ts";
import { Empty, Panel } from "./panel.tsx";

/** From here on a bar is marked, and from there on it is full. */
const NEARLY = 0.8;
const USED_UP = 0.99;

export function Budgets({ view, open }: { view: View; open: (id: string) => void }): JSX.Element {
  const { frame, close, exits } = view;
  const targets = (frame?.targets ?? []).filter(({ limits }) => limits.some(({ scope }) => scope === "exit"));
  const total = frame?.exits.total ?? 0;
  const many = total > FEW;
  return (
    <Panel id="budgets" title="Budgets" aside={`${number(total)} ${total === 1 ? "exit" : "exits"}`}>
      {targets.length > 0 && (
        <ul class="limits">
          {targets.flatMap(({ name, limits }) => limits.filter(({ scope }) => scope === "exit").map((limit) => <LimitLine key={`${name} ${limit.name}`} target={name} limit={limit} />))}
        </ul>
      )}
      {targets.length === 0 && !many && <Empty>{total === 0 ? "No exits yet." : "No target has limits that count by exit, so there is nothing to use up."}</Empty>}
      {many ? exits.size > 0 && <HeatMap view={view} open={open} /> : targets.map((target) => <Meters key={target.name} target={target} exits={close} open={open} only={targets.length === 1} />)}
    </Panel>
  );
}

function LimitLine({ target, limit }: { target: string; limit: LimitFrame }): JSX.Element {
  return (
    <li>
      <div class="limit-name">
        <strong>{limit.name}</strong>{" "}
        <span class="muted">
          {number(limit.limit)} in {span(limit.perMs)} · {target}
        </span>
      </div>
      <Bar share={limit.mean} label={`${limit.name} of ${target}, on average`} />
      <div class="limit-says">
        <span>{percent(Math.min(1, limit.mean))} used</span>
        <span class="muted"> · used up on {number(limit.usedUp)} of {number(limit.exits)}</span>
        {limit.turnsInMs > 0 && <span class="muted"> · turns in {wait(limit.turnsInMs)}</span>}
      </div>
    </li>
  );
}

function Meters({ target, exits, open, only }: { target: TargetFrame; exits: readonly ExitFrame[]; open: (id: string) => void; only: boolean }): JSX.Element {
  return (
    <>
      {!only && <h3>{target.name}</h3>}
      <ul class="meters">
        {exits.map(({ id, targets }) => {
          const here = targets.find(({ name }) => name === target.name);
          if (here === undefined) return null;
          const shown = here.limits;
          return (
            <li key={id} class={`meter ${here.status === "dead" || here.status === "banned" || here.status === "cooldown" ? "out" : ""}`}>
              <div class="meter-head">
                <button type="button" class="link mono" onClick={() => open(id)} title={`Show ${id} in the table`}>
                  {id}
                </button>
                <State state={here.status} />
              </div>
              {shown.map(({ name, used, limit, utilisation, resetsInMs }) => (
                <div key={name} class="meter-line">
                  <Bar share={utilisation} label={`${name} of ${id} at ${target.name}`} text={`${Math.round(used)} of ${limit}`} />
                  <span class="meter-says">
                    <span title={name}>
                      {number(used)}
                      <span class="muted"> / {number(limit)}</span>
                    </span>
                    <span class="muted">{here.untilMs !== undefined ? `back in ${wait(here.untilMs)}` : used > 0 ? wait(resetsInMs) : ""}</span>
                  </span>
                </div>
              ))}
            </li>
          );
        })}
      </ul>
    </>
  );
}

export function Bar({ share, label, text }: { share: number; label: string; text?: string }): JSX.Element {
  const shown = Math.min(1, Math.max(0, share));
  const level = share >= USED_UP ? "full" : share >= NEARLY ? "near" : "";
  return (
    <div class={`bar ${level}`} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(shown * 100)} aria-valuetext={text ?? percent(shown)}>
      <div style={{ transform: `scaleX(${shown})` }} />
    </div>
  );
}
