import { type JSX, render } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Frame } from "../src/wire.ts";
import { Budgets } from "./budgets.tsx";
import { Charts } from "./charts.tsx";
import { EventLog } from "./event-log.tsx";
import { ExitsTable } from "./exits-table.tsx";
import { ExplainBox } from "./explain-box.tsx";
import { Header } from "./header.tsx";
import { Live, type View } from "./live.ts";
import { Requests } from "./requests.tsx";
import { Sources } from "./sources.tsx";
import { Limiting, Strip } from "./strip.tsx";
import { Races, Targets } from "./targets.tsx";

function App({ live }: { live: Live }): JSX.Element {
  const [view, setView] = useState<View>(live.view);
  const [opened, setOpened] = useState<string | undefined>(undefined);
  const [asked, setAsked] = useState(0);
  useEffect(() => live.subscribe(() => setView(live.view)), []);
  const { connection, frame } = view;
  const show = (id: string): void => {
    setOpened(id);
    setAsked((count) => count + 1);
  };
  useEffect(() => {
    document.title = connection === "live" && frame !== undefined ? `${frame.limiting.level === "bad" ? "● " : ""}${frame.pool} · multihome` : "multihome · no connection";
  }, [connection, frame?.limiting.level]);
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <Header connection={connection} pool={frame?.pool} />
      <main id="main" tabIndex={-1} class={connection === "live" ? "" : "stale"} aria-busy={frame === undefined}>
        {frame === undefined ? (
          <p class="empty tall">{connection === "denied" ? "This page wants a token: open it with ?token=… once." : "Connecting to the pool…"}</p>
        ) : (
          <>
            <Limiting limiting={limitingNow(view, frame)} />
            <Strip frame={frame} />
            <Charts points={view.points} used={frame.completed + frame.failed + frame.inflight + frame.waiting > 0} />
            <Budgets view={view} open={show} />
            <div class="pair">
              <Targets frame={frame} />
              <Races frame={frame} />
            </div>
            <Sources sources={frame.sources} />
            <ExitsTable view={view} opened={opened} open={setOpened} asked={asked} />
            <Requests seq={frame.seq} open={show} />
            <div class="pair">
              <ExplainBox />
              <EventLog events={view.events} open={show} />
            </div>
          </>
        )}
      </main>
    </>
  );
}

/** What is no longer true is not said as if it were. */
function limitingNow({ connection }: View, { limiting }: Frame): Frame["limiting"] {
  switch (connection) {
    case "live":
    case "connecting":
      return limiting;
    case "ended":
      return { level: "idle", text: "The pool has closed; this is how it ended." };
    case "lost":
      return { level: "bad", text: "Connection lost, trying again; this is how it was." };
    case "denied":
      return { level: "bad", text: "The server wants its token: open the page with ?token=… once." };
    default: {
      const never: never = connection;
      throw new TypeError(`Unknown connection ${String(never)}.`);
    }
  }
}

const live = new Live();
render(<App live={live} />, document.getElementById("app") as HTMLElement);
live.start();
