import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { RequestFrame } from "../src/wire.ts";
import { ask } from "./live.ts";
import { Empty, Panel } from "./panel.tsx";
import { RequestRow } from "./request-row.tsx";

const FILTERS = ["all", "waiting", "running", "answered", "failed", "aborted"] as const;
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
  const [asked, setAsked] = useState<string | undefined>(undefined);
  const [inside, setInside] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const kept = useRef<{ filter: string; rows: readonly RequestFrame[] }>({ filter: "", rows: [] });
  // While somebody reads or points at a row, or one is open, rows keep their places; what stands in them goes on.
  if ((inside || asked !== undefined) && kept.current.rows.length > 0 && kept.current.filter === filter) {
    const news = new Map(requests?.map((request) => [request.task, request]));
    kept.current = { filter, rows: kept.current.rows.map((request) => news.get(request.task) ?? request) };
  } else kept.current = { filter, rows: (requests ?? []).filter(({ state }) => filter === "all" || state === filter) };
  const some = kept.current.rows;
  const aside = (
    <>
      {shown && (
        <label>
          <span class="hidden">State of the requests</span>
          <select value={filter} onChange={(event) => {
              setFilter(event.currentTarget.value);
              setAsked(undefined);
            }}>
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
        <div
          ref={scroller}
          class="scroll tall"
          tabIndex={0}
          role="group"
          aria-labelledby="requests-title"
          onPointerEnter={() => setInside(true)}
          onPointerLeave={() => setInside(scroller.current?.contains(document.activeElement) === true)}
          onFocusIn={() => setInside(true)}
          onFocusOut={(event) => setInside(scroller.current?.contains(event.relatedTarget as Node | null) === true)}
        >
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
                <RequestRow key={request.task} request={request} seq={seq} open={open} asked={asked === request.task} ask={() => setAsked(asked === request.task ? undefined : request.task)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
