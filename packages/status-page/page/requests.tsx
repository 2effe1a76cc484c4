import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Level, RequestFrame } from "../src/wire.ts";
import { latency, number } from "./format.ts";
import { LevelIcon } from "./icons.tsx";
import { ask } from "./live.ts";
import { Empty, Panel } from "./panel.tsx";

const LEVELS: Readonly<Record<RequestFrame["state"], Level>> = { waiting: "warning", running: "idle", leased: "idle", answered: "good", failed: "bad", aborted: "idle" };
const FILTERS = ["all", "waiting", "running", "answered", "failed", "aborted"] as const;
/** Attempts that are told one by one. */
const SHOWN = 4;

interface RequestsProps {
  /** They are asked for anew with each frame. */
  readonly seq: number;
  readonly open: (id: string) => void;
}

/** What became of the last requests: what each waited for, which exits it left by and why. Remembered from when the panel is first opened. */
export function Requests({ seq, open }: RequestsProps): JSX.Element {
  const [shown, show] = useState(false);
  const [filter, setFilter] = useState("all");
  const [requests, setRequests] = useState<readonly RequestFrame[] | undefined>(undefined);
  useEffect(() => {
    if (!shown) return undefined;
    const abort = new AbortController();
    ask<RequestFrame[]>("data=requests", abort.signal).then(setRequests, () => {});
    return () => abort.abort();
  }, [seq, shown]);
  const some = (requests ?? []).filter(({ state }) => filter === "all" || state === filter);
  const aside = (
    <>
      {shown && (
        <label>
          <span class="hidden">State of the requests</span>
          <select value={filter} onChange={(event) => setFilter(event.currentTarget.value)}>
            {FILTERS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <button type="button" aria-expanded={shown} aria-controls="requests" onClick={() => show(!shown)}>
        {shown ? "Hide" : "Show"}
      </button>
    </>
  );
  return (
    <Panel id="requests" title="Last requests" aside={aside} class={shown ? "" : "shut"}>
      {!shown && <p class="hint">What each waited for, which exits it left by and why. The pool remembers requests from the moment that this is first opened.</p>}
      {shown && some.length === 0 && <Empty>{requests === undefined ? "Asking…" : requests.length === 0 ? "No requests since this was first opened." : "None of them."}</Empty>}
      {shown && some.length > 0 && (
        <div class="scroll tall" tabIndex={0} role="group" aria-labelledby="requests-title">
          <table class="requests">
            <thead>
              <tr>
                <th scope="col">Request</th>
                <th scope="col">State</th>
                <th scope="col">Waited for</th>
                <th scope="col">Attempts</th>
              </tr>
            </thead>
            <tbody>
              {some.map((request) => (
                <Row key={request.task} request={request} open={open} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Row({ request, open }: { request: RequestFrame; open: (id: string) => void }): JSX.Element {
  const { method, target, path, kind, weight, agoMs, state, tookMs, waits, attempts, attemptsLeftOut } = request;
  return (
    <tr>
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
  );
}
