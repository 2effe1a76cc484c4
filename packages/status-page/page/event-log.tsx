import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { EventFrame } from "../src/wire.ts";
import { clock, unbroken } from "./format.ts";
import { LevelIcon } from "./icons.tsx";
import { Empty, Panel } from "./panel.tsx";

const KINDS: readonly (readonly [EventFrame["kind"] | "", string])[] = [
  ["", "Everything"],
  ["refused", "Refusals and bans"],
  ["exit", "Exits"],
  ["breaker", "Breakers"],
  ["limit", "Limits"],
  ["alert", "Alerts"],
];
const SHOWN = 200;

export function EventLog({ events, open }: { events: readonly EventFrame[]; open: (id: string) => void }): JSX.Element {
  const [kind, setKind] = useState("");
  const [paused, setPaused] = useState(false);
  const held = useRef(events);
  if (!paused) held.current = events;
  const shown = held.current.filter((event) => kind === "" || event.kind === kind).slice(-SHOWN).reverse();
  const aside = (
    <>
      <label>
        <span class="hidden">Kind of event</span>
        <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
          {KINDS.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
        {paused ? "Go on" : "Hold"}
      </button>
    </>
  );
  return (
    <Panel id="events" title="Events" aside={aside}>
      {shown.length === 0 ? (
        <Empty>{events.length === 0 ? "Nothing out of the ordinary has happened yet." : "Nothing of this kind."}</Empty>
      ) : (
        <div class="scroll log" role="log" aria-live="off" aria-labelledby="events-title" tabIndex={0}>
          <ol>
            {shown.map((event) => (
              <Event key={event.id} event={event} open={open} />
            ))}
          </ol>
        </div>
      )}
    </Panel>
  );
}

export function Event({ event, open }: { event: EventFrame; open?: (id: string) => void }): JSX.Element {
  const { at, level, text, exit } = event;
  return (
    <li class="event">
      <time class="muted">{clock(at)}</time>
      <LevelIcon level={level} />
      <span>
        <span class="hidden">{level}: </span>
        {unbroken(text)}
      </span>
      {open !== undefined && exit !== undefined && (
        <button type="button" class="link" onClick={() => open(exit)} aria-label={`Show ${exit} in the table`}>
          show
        </button>
      )}
    </li>
  );
}
