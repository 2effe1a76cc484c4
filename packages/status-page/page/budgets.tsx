import { Fragment, type JSX } from "preact";
import type { ExitFrame, LimitFrame, TargetFrame } from "../src/wire.ts";
import { ExitName } from "./exit-name.tsx";
import { number, percent, span, wait } from "./format.ts";
import { HeatMap } from "./heat-map.tsx";
import { State } from "./icons.tsx";
import { FEW, type View } from "./live.ts";
import { Empty, Panel } from "./panel.tsx";

/** From here on a bar is marked, and from there on it is full. */
const NEARLY = 0.8;
const USED_UP = 0.99;
/** What counts the target as a whole is labelled so. */
const EVERYBODY = "everybody";
/** Accounts shown where one target has them, and of each where several have. */
const MOST_ALONE = 12;
const MOST_EACH = 4;

export function Budgets({ view, open }: { view: View; open: (id: string) => void }): JSX.Element {
  const { frame, close, exits } = view;
  const targets = (frame?.targets ?? []).filter(({ limits, pausedAccounts }) => limits.length + pausedAccounts.length > 0);
  const byExit = targets.filter(({ limits }) => limits.some(({ scope }) => scope === "exit"));
  const total = frame?.exits.total ?? 0;
  const many = total > FEW;
  const only = targets.length === 1;
  return (
    <Panel id="budgets" title="Budgets" aside={only ? `of ${targets[0].name}, ${exitsText(total)}` : exitsText(total)}>
      {targets.length > 0 && (
        <div class="limits">
          {targets.map(({ name, limits }) => (
            <Fragment key={name}>
              {!only && <h3>{name}</h3>}
              <ul aria-label={`Limits of ${name}`}>
                {limits.map((limit) => (
                  <LimitLine key={limit.name} target={name} limit={limit} />
                ))}
              </ul>
            </Fragment>
          ))}
        </div>
      )}
      {targets.length === 0 && !many && <Empty>{total === 0 ? "No exits yet." : "No target has limits, so there is nothing to use up."}</Empty>}
      {many ? exits.size > 0 && <HeatMap view={view} open={open} /> : byExit.map((target) => <Meters key={target.name} target={target} exits={close} open={open} only={only} />)}
      {targets.map((target) => (
        <Accounts key={target.name} target={target} only={only} />
      ))}
    </Panel>
  );
}

function exitsText(total: number): string {
  return `${number(total)} ${total === 1 ? "exit" : "exits"}`;
}

const WHOSE: Readonly<Record<LimitFrame["scope"], string>> = { exit: "each exit", account: "each account", target: "everybody together" };

function LimitLine({ target, limit }: { target: string; limit: LimitFrame }): JSX.Element {
  const { name, scope, exits, named, usedUp, mean, most, turnsInMs } = limit;
  // Exits share the work; an account that is full has no other to go to.
  const share = Math.min(1, scope === "exit" ? mean : most);
  const counters = scope === "exit" ? exits : named;
  return (
    <li>
      <div class="limit-name">
        <strong>{name}</strong>{" "}
        <span class="muted">
          {number(limit.limit)} in {span(limit.perMs)}, {WHOSE[scope]}
        </span>
      </div>
      <Bar share={share} label={`${name} of ${target}, ${scope === "exit" ? "on average" : scope === "account" ? "the fullest account" : "everybody together"}`} />
      <div class="limit-says">
        <span>
          {percent(share)} {scope === "account" && named > 1 ? "at most" : "used"}
        </span>
        {scope !== "target" && counters > 0 && (
          <span class="muted">
            {" "}
            · used up on {number(usedUp)} of {number(counters)}
          </span>
        )}
        {turnsInMs > 0 && <span class="muted"> · turns in {wait(turnsInMs)}</span>}
      </div>
    </li>
  );
}

function Meters({ target, exits, open, only }: { target: TargetFrame; exits: readonly ExitFrame[]; open: (id: string) => void; only: boolean }): JSX.Element {
  return (
    <>
      {!only && <h3>{target.name}, by exit</h3>}
      <ul class="meters" aria-label={`Budgets of each exit at ${target.name}`}>
        {exits.map(({ id, targets }) => {
          const here = targets.find(({ name }) => name === target.name);
          if (here === undefined) return null;
          const { status, untilMs, limits } = here;
          return (
            <li key={id} class={`meter ${status === "dead" || status === "banned" || status === "cooldown" ? "out" : ""}`}>
              <div class="meter-head">
                <button type="button" class="link mono" onClick={() => open(id)} title={`Show ${id} in the table`}>
                  <ExitName id={id} />
                </button>
                <State state={status} />
              </div>
              {limits.map(({ name, used, limit, utilisation, resetsInMs }) => (
                <MeterLine key={name} name={limits.length > 1 ? name : undefined} used={used} limit={limit} share={utilisation} label={`${name} of ${id} at ${target.name}`} says={used > 0 && untilMs === undefined ? wait(resetsInMs) : ""} />
              ))}
              {untilMs !== undefined && <p class="meter-foot">back in {wait(untilMs)}</p>}
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** The fullest counters of accounts, a box for each account. What counts everybody together has its line above. */
function Accounts({ target, only }: { target: TargetFrame; only: boolean }): JSX.Element | null {
  const { name: where, limits, pausedAccounts } = target;
  const shared = limits.filter(({ scope }) => scope !== "exit");
  const labels = new Set([...pausedAccounts.map(({ label }) => label), ...shared.flatMap(({ fullest }) => fullest.map(({ label }) => label))]);
  labels.delete(EVERYBODY);
  if (labels.size === 0) return null;
  const shown = [...labels].slice(0, only ? MOST_ALONE : MOST_EACH);
  const all = Math.max(labels.size, ...shared.filter(({ scope }) => scope === "account").map(({ named }) => named));
  return (
    <>
      <h3>
        {only ? "By account" : `${where}, by account`}
        {all > shown.length && <span class="muted"> · the fullest {shown.length} of {number(all)}</span>}
      </h3>
      <ul class="meters" aria-label={`Budgets of accounts at ${where}`}>
        {shown.map((label) => {
          const paused = pausedAccounts.find((account) => account.label === label);
          return (
            <li key={label} class={`meter ${paused === undefined ? "" : "out"}`}>
              <div class="meter-head">
                <span class="mono" title="The beginning of the SHA-256 of the account's name">
                  {label}
                </span>
                {paused !== undefined && <State state={paused.reason === "banned" ? "banned" : "cooldown"} />}
              </div>
              {shared.map(({ name, scope, limit, named, fullest }) => {
                const counter = fullest.find((one) => one.label === label);
                // Not among those with something in them, and all of these are here: then it is empty, and keeps its line.
                const empty = scope === "account" && named === fullest.length && !label.includes("key ");
                if (counter === undefined && !empty) return null;
                const { used, resetsInMs, pausedForMs } = counter ?? { used: 0, resetsInMs: 0, pausedForMs: 0 };
                return <MeterLine key={name} name={name} used={used} limit={limit} share={used / limit} label={`${name} of ${label} at ${where}`} says={pausedForMs > 0 ? `full for ${wait(pausedForMs)}` : used > 0 ? wait(resetsInMs) : ""} />;
              })}
              {paused !== undefined && <p class="meter-foot">back in {wait(paused.forMs)}</p>}
            </li>
          );
        })}
      </ul>
    </>
  );
}

interface MeterLineProps {
  /** Where there are several. */
  readonly name: string | undefined;
  readonly used: number;
  readonly limit: number;
  readonly share: number;
  readonly label: string;
  readonly says: string;
}

function MeterLine({ name, used, limit, share, label, says }: MeterLineProps): JSX.Element {
  return (
    <div class="meter-line">
      <span class="meter-says">
        {name !== undefined && <span class="meter-name">{name}</span>}
        <span class="nowrap">
          {number(used)}
          <span class="muted"> / {number(limit)}</span>
        </span>
        <span class="meter-turn">{says}</span>
      </span>
      <Bar share={share} label={label} text={`${number(used)} of ${number(limit)}${says === "" ? "" : `, ${says}`}`} />
    </div>
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
