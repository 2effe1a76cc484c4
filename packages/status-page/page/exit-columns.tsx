import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ExitName } from "./exit-name.tsx";
import { FULL_LOAD, NO_LOAD, type Exits, type SortKey } from "./exits.ts";
import { latency, NOTHING, number, percent, wait } from "./format.ts";
import { State } from "./icons.tsx";

export interface Column {
  readonly key: SortKey;
  readonly name: string;
  /** Numbers are first asked for from the top. */
  readonly falls: boolean;
  readonly class?: string;
  /** In narrower windows than this, in CSS pixels, it is left to an exit's details. */
  readonly from: number;
}
const COLUMNS: readonly Column[] = [
  { key: "id", name: "Exit", falls: false, class: "exit", from: 0 },
  { key: "state", name: "State", falls: true, class: "state-column", from: 0 },
  { key: "load", name: "Used", falls: true, class: "load", from: 0 },
  { key: "inflight", name: "In flight", falls: true, class: "right", from: 561 },
  { key: "rate", name: "Success", falls: false, class: "right", from: 561 },
  { key: "success", name: "Answers", falls: true, class: "right", from: 821 },
  { key: "fail", name: "Failures", falls: true, class: "right", from: 821 },
  { key: "latency", name: "Latency", falls: true, class: "right", from: 821 },
  { key: "until", name: "Back in", falls: true, class: "right", from: 0 },
];

/** Those that the window has room for. */
export function useColumns(): readonly Column[] {
  const fitting = (): readonly Column[] => COLUMNS.filter(({ from }) => matchMedia(`(min-width: ${from}px)`).matches);
  const [columns, set] = useState(fitting);
  useEffect(() => {
    const onResize = (): void => set((now) => (fitting().length === now.length ? now : fitting()));
    addEventListener("resize", onResize);
    return () => removeEventListener("resize", onResize);
  }, []);
  return columns;
}

interface CellProps {
  readonly exits: Exits;
  readonly i: number;
  readonly state: string;
  readonly clock: number;
}

export function Cells({ columns, ...cell }: CellProps & { columns: readonly Column[] }): JSX.Element {
  const { exits, i } = cell;
  return (
    <>
      {columns.map(({ key, class: more }) =>
        key === "id" ? (
          <th key={key} scope="row" class="exit mono" title={exits.ids[i]}>
            <ExitName id={exits.ids[i]} />
          </th>
        ) : (
          <td key={key} class={more}>
            {cellOf(key, cell)}
          </td>
        ),
      )}
    </>
  );
}

function cellOf(key: Exclude<SortKey, "id">, { exits, i, state, clock }: CellProps): ComponentChildren {
  const nothing = <span class="muted">{NOTHING}</span>;
  switch (key) {
    case "state":
      return <State state={state} />;
    case "load":
      return exits.load[i] === NO_LOAD ? nothing : <Load used={exits.load[i] / FULL_LOAD} />;
    case "inflight":
      return number(exits.inflight[i]);
    case "rate": {
      const share = exits.rateOf(i);
      return share === undefined ? nothing : percent(share);
    }
    case "success":
      return number(exits.success[i]);
    case "fail":
      return number(exits.fail[i]);
    case "latency":
      return exits.success[i] === 0 ? nothing : latency(exits.latency[i]);
    case "until": {
      const rests = exits.until[i] - clock;
      return rests > 0 ? wait(rests) : nothing;
    }
    default: {
      const never: never = key;
      throw new TypeError(`Unknown column ${String(never)}.`);
    }
  }
}

function Load({ used }: { used: number }): JSX.Element {
  return (
    <>
      <span class={`bar ${used >= 0.99 ? "full" : used >= 0.8 ? "near" : ""}`} aria-hidden="true">
        <span style={{ transform: `scaleX(${used})` }} />
      </span>
      {Math.round(used * 100)}
      {"\u00a0%"}
    </>
  );
}
