import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { EventFrame, ExitFrame, ExitTargetFrame } from "../src/wire.ts";
import { Bar } from "./budgets.tsx";
import { Event } from "./event-log.tsx";
import { ago, latency, number, percent, unbroken, wait } from "./format.ts";
import { State } from "./icons.tsx";
import { ask } from "./live.ts";

const EVENTS = 5;

interface DetailsProps {
  readonly id: string;
  /** It is asked for anew with each frame. */
  readonly seq: number;
  readonly events: readonly EventFrame[];
  readonly measured: (high: number) => void;
}

/** An exit, target by target: how it stands there, its budgets, its last outcomes. */
export function ExitDetails({ id, seq, events, measured }: DetailsProps): JSX.Element {
  const [frame, setFrame] = useState<ExitFrame | undefined>(undefined);
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const abort = new AbortController();
    ask<ExitFrame>(`data=exit&id=${encodeURIComponent(id)}`, abort.signal).then(setFrame, () => {});
    return () => abort.abort();
  }, [id, seq]);
  useEffect(() => {
    const element = holder.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => measured(element.offsetHeight));
    observer.observe(element);
    // Out of sight it keeps its height, or the rows below would jump.
    return () => observer.disconnect();
  }, []);
  const own = events.filter(({ exit }) => exit === id).slice(-EVENTS).reverse();
  const known = frame?.id === id ? frame : undefined;
  return (
    <div ref={holder} class="exit-details">
      {known === undefined && <p class="muted">Asking…</p>}
      {known?.targets.length === 0 && <p class="muted">Nothing was sent by this exit yet.</p>}
      <div class="cards">{known?.targets.map((target) => <TargetCard key={target.name} target={target} id={id} />)}</div>
      {own.length > 0 && (
        <ol class="log" aria-label={`Last events of ${id}`}>
          {own.map((event) => (
            <Event key={event.id} event={event} />
          ))}
        </ol>
      )}
    </div>
  );
}

function TargetCard({ target, id }: { target: ExitTargetFrame; id: string }): JSX.Element {
  const { name, status, untilMs, limits, success, fail, warnings, avgLatencyMs, consecutiveFails, inflight, outcomes, score, sinceSuccessMs, carries, belief, cause } = target;
  return (
    <article class="card" aria-label={`${id} at ${name}`}>
      <header>
        <h3>{name}</h3>
        <State state={status} />
        {untilMs !== undefined && <span class="muted">back in {wait(untilMs)}</span>}
      </header>
      {limits.map(({ name: limit, used, limit: of, utilisation, resetsInMs }) => (
        <div key={limit} class="meter-line">
          <span class="meter-says">
            <span class="meter-name">{limit}</span>
            <span class="nowrap">
              {number(used)}
              <span class="muted"> / {number(of)}</span>
            </span>
            {used > 0 && <span class="meter-turn">turns in {wait(resetsInMs)}</span>}
          </span>
          <Bar share={utilisation} label={`${limit} of ${id} at ${name}`} text={`${number(used)} of ${number(of)}`} />
        </div>
      ))}
      <Outcomes outcomes={outcomes} />
      {cause !== undefined && (
        <p class="numbers">
          Last trouble: <strong>{cause.reason}</strong>, answered to <span class="mono">{cause.request}</span>, {ago(cause.agoMs)}
        </p>
      )}
      {belief !== undefined && <p class="numbers">Adaptive: {unbroken(belief)}</p>}
      {carries !== undefined && <p class="numbers">At most {number(carries)} at once, having been refused again and again</p>}
      <p class="numbers">
        {number(success)} ok · {number(fail)} failed · {number(warnings)} refused · {number(inflight)} in flight
        {consecutiveFails > 0 && ` · ${number(consecutiveFails)} failures in a row`}
      </p>
      <p class="numbers muted">
        score {score.toFixed(2)} · average {success > 0 ? latency(avgLatencyMs) : "–"} · {sinceSuccessMs === undefined ? "never a success" : `last success ${ago(sinceSuccessMs)}`}
      </p>
    </article>
  );
}

function Outcomes({ outcomes }: { outcomes: readonly boolean[] }): JSX.Element {
  if (outcomes.length === 0) return <p class="numbers muted">No outcomes yet.</p>;
  const good = outcomes.filter(Boolean).length;
  // The newest stands last, as in everything else that runs from left to right here.
  return (
    <div class="outcomes" role="img" aria-label={`Of the last ${outcomes.length} outcomes ${good} were successes; the newest was a ${outcomes[0] ? "success" : "failure"}.`}>
      {outcomes.toReversed().map((ok, index) => (
        <i key={index} class={ok ? "ok" : "no"} />
      ))}
      <span class="muted">{percent(good / outcomes.length)}</span>
    </div>
  );
}
