import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ExplainFrame, Level, RequestFrame } from "../src/wire.ts";
import { Explained } from "./explain-box.tsx";
import { latency, number } from "./format.ts";
import { LevelIcon } from "./icons.tsx";
import { ask } from "./live.ts";

const LEVELS: Readonly<Record<RequestFrame["state"], Level>> = { waiting: "warning", running: "idle", leased: "idle", answered: "good", failed: "bad", aborted: "idle" };
/** Attempts that are told one by one. */
const SHOWN = 4;

interface RowProps {
  readonly request: RequestFrame;
  /** What keeps it waiting is asked for anew with each frame. */
  readonly seq: number;
  readonly open: (id: string) => void;
  /** Is it open? */
  readonly asked: boolean;
  readonly ask: () => void;
}

/** One of the last requests; one that waits opens to what keeps it waiting now. */
export function RequestRow({ request, seq, open, asked, ask: toggle }: RowProps): JSX.Element {
  const { task, method, target, path, kind, weight, agoMs, state, tookMs, waits, attempts, attemptsLeftOut } = request;
  return (
    <>
      <tr class={asked ? "said-below" : ""}>
        <th scope="row">
          <span class="mono">
            {method} {path}
          </span>
          <small>
            {target} · weighs {number(weight)}
            {kind !== undefined && ` · ${kind}`} · {latency(agoMs)} ago
          </small>
        </th>
        <td class="nowrap">
          <span class={`state l-${LEVELS[state]}`}>
            <LevelIcon level={LEVELS[state]} />
            {state}
          </span>
          {tookMs !== undefined && <small>after {latency(tookMs)}</small>}
        </td>
        <td data-name="waited for">
          {waits.length === 0 && <span class="muted">nothing</span>}
          {waits.map(({ reason, ms }, index) => (
            <div key={index}>
              {reason.replace(/^limit:/, "")} <span class="muted">{latency(ms)}</span>
            </div>
          ))}
          {(state === "waiting" || asked) && (
            <button type="button" class="link" aria-expanded={asked} aria-label={`Why ${method} ${path} waits`} onClick={toggle}>
              {asked ? "close" : "why?"}
            </button>
          )}
        </td>
        <td>
          {attempts.length === 0 && <span class="muted">{state === "waiting" ? "not sent yet" : state === "aborted" ? "none" : "not remembered"}</span>}
          {attempts.slice(0, SHOWN).map(({ exit, why, verdict, reason, ms }, index) => (
            <div key={index}>
              <button type="button" class="link mono" onClick={() => open(exit)} title={why}>
                {exit}
              </button>{" "}
              <span class="muted">
                {verdict ?? "out"}
                {reason !== undefined && verdict !== "success" && `, ${reason}`}
                {ms !== undefined && `, ${latency(ms)}`}
              </span>
            </div>
          ))}
          {attempts.length - Math.min(SHOWN, attempts.length) + attemptsLeftOut > 0 && <span class="muted">and {number(attempts.length - Math.min(SHOWN, attempts.length) + attemptsLeftOut)} more</span>}
        </td>
      </tr>
      {asked && (
        <tr>
          <td colSpan={4} class="says">
            <Why task={task} seq={seq} />
          </td>
        </tr>
      )}
    </>
  );
}

/** What keeps it waiting at this moment, exit by exit. */
function Why({ task, seq }: { task: string; seq: number }): JSX.Element {
  const [answer, setAnswer] = useState<ExplainFrame | string | undefined>(undefined);
  useEffect(() => {
    const abort = new AbortController();
    ask<ExplainFrame>(`data=task&id=${encodeURIComponent(task)}`, abort.signal).then(setAnswer, (error: Error) => {
      if (!abort.signal.aborted) setAnswer(error.message);
    });
    return () => abort.abort();
  }, [task, seq]);
  if (answer === undefined) return <p class="muted">Asking…</p>;
  return typeof answer === "string" ? <p class="muted">{answer}</p> : <Explained frame={answer} />;
}
