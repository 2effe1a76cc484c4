import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { ExitDetails } from "./exit-details.tsx";
import { Cells, useColumns } from "./exit-columns.tsx";
import type { SortKey } from "./exits.ts";
import { number } from "./format.ts";
import { StateIcon } from "./icons.tsx";
import type { View } from "./live.ts";
import { Empty, Panel } from "./panel.tsx";

const ROW = 34;
/** Rows beyond what is seen, so that a quick scroll shows no hole. */
const SPARE = 8;
const HIGHEST = 520;
/** After so long the details of an exit have come, and what makes them grow is news that nobody asked to see. */
const SETTLED_MS = 1_500;

interface TableProps {
  readonly view: View;
  /** The exit that is open, if any. */
  readonly opened: string | undefined;
  readonly open: (id: string | undefined) => void;
  /** Counts up when somewhere else on the page an exit was asked for: it is brought into sight. */
  readonly asked: number;
}

export function ExitsTable({ view, opened, open, asked }: TableProps): JSX.Element {
  const { exits, version, states, frame } = view;
  const columns = useColumns();
  const [text, setText] = useState("");
  const [chosen, choose] = useState<ReadonlySet<number>>(new Set());
  const [sort, setSort] = useState<{ key: SortKey; falls: boolean }>({ key: "id", falls: false });
  const [top, setTop] = useState(0);
  const [high, setHigh] = useState(HIGHEST);
  const [inside, setInside] = useState(false);
  const [detailHigh, setDetailHigh] = useState(0);
  const [active, setActive] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const focusNext = useRef(false);
  const openedAt = useRef<{ id: string | undefined; at: number }>({ id: undefined, at: 0 });

  // While somebody reads or points at a row, rows keep their places; what stands in them goes on.
  const kept = useRef<{ question: string; rows: Uint32Array }>({ question: "", rows: new Uint32Array(0) });
  const question = `${text}|${[...chosen].join()}|${sort.key}|${sort.falls}|${exits.revision}|${exits.size}`;
  const rows = useMemo(() => {
    if (!inside || kept.current.question !== question) kept.current = { question, rows: exits.pick(text, chosen, sort.key, sort.falls) };
    return kept.current.rows;
  }, [question, version, inside]);
  const counts = useMemo(() => exits.counts(), [version]);

  const openRow = useMemo(() => (opened === undefined ? -1 : rows.findIndex((i) => exits.ids[i] === opened)), [rows, opened]);
  const extra = openRow >= 0 ? detailHigh : 0;
  const offsetOf = (row: number): number => row * ROW + (openRow >= 0 && row > openRow ? extra : 0);
  const rowAt = (offset: number): number => {
    if (openRow < 0 || offset < (openRow + 1) * ROW) return Math.floor(offset / ROW);
    return Math.max(openRow, Math.floor((offset - extra) / ROW));
  };
  // Fewer rows than a moment ago may end above where the scroll bar still stands.
  const from = Math.max(0, Math.min(top, offsetOf(rows.length) + ROW - high));
  const first = Math.max(0, rowAt(from) - SPARE);
  const end = Math.min(rows.length, rowAt(from + high) + SPARE + 1);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setHigh(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, [rows.length === 0]);

  // Another question begins at its first answer.
  useLayoutEffect(() => {
    if (scroller.current !== null) scroller.current.scrollTop = 0;
    setTop(0);
  }, [text, chosen, sort]);

  useEffect(() => {
    if (asked === 0 || opened === undefined) return;
    // It may have been filtered away.
    if (openRow < 0 && (text !== "" || chosen.size > 0)) {
      setText("");
      choose(new Set());
      return;
    }
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    document.getElementById("exits")?.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
    if (openRow >= 0) scroller.current?.scrollTo({ top: Math.max(0, openRow * ROW - ROW) });
  }, [asked, openRow < 0]);

  if (openedAt.current.id !== opened) openedAt.current = { id: opened, at: performance.now() };
  // What has been opened is brought into sight, as far as there is room for it.
  useEffect(() => {
    const element = scroller.current;
    if (element === null || openRow < 0 || detailHigh === 0 || performance.now() - openedAt.current.at > SETTLED_MS) return;
    const below = (openRow + 2) * ROW + detailHigh - (element.scrollTop + element.clientHeight);
    if (below > 0) element.scrollTop += Math.min(below, openRow * ROW - element.scrollTop);
  }, [opened, detailHigh]);

  useLayoutEffect(() => {
    if (!focusNext.current) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-row="${active}"]`);
    if (row == null) return;
    focusNext.current = false;
    row.focus({ preventScroll: true });
  });

  const moveTo = (row: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, row));
    const element = scroller.current;
    if (element === null) return;
    const at = offsetOf(next);
    // Below the head, which stays in sight.
    if (at < element.scrollTop) element.scrollTop = at;
    else if (at + ROW * 2 > element.scrollTop + element.clientHeight) element.scrollTop = at + ROW * 2 - element.clientHeight;
    setTop(element.scrollTop);
    setActive(next);
    focusNext.current = true;
  };
  const onKey = (event: KeyboardEvent): void => {
    if ((event.target as HTMLElement).dataset["row"] === undefined) return;
    const page = Math.max(1, Math.floor(high / ROW) - 2);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length }[event.key];
    if (by !== undefined) moveTo(active + by);
    else if (event.key === "Enter" || event.key === " ") toggle(active);
    else if (event.key === "Escape" && opened !== undefined) open(undefined);
    else return;
    event.preventDefault();
  };
  const toggle = (row: number): void => {
    setActive(row);
    const id = exits.ids[rows[row]];
    open(id === opened ? undefined : id);
  };

  const shown = Array.from({ length: Math.max(0, end - first) }, (_, n) => first + n);
  const reachable = Math.min(Math.max(active, first), Math.max(first, end - 1));
  return (
    <Panel id="exits" title="Exits" aside={`${number(rows.length)} of ${number(exits.size)}`} class="wide">
      <div class="filters">
        <input type="search" aria-label="Filter exits by name" placeholder="Filter by name" value={text} onInput={(event) => setText(event.currentTarget.value)} spellcheck={false} />
        <div class="chips" role="group" aria-label="Filter exits by state">
          {states.map((state, index) => (
            <button
              key={state}
              type="button"
              class={`chip s-${state}`}
              aria-pressed={chosen.has(index)}
              disabled={counts[index] === 0 && !chosen.has(index)}
              onClick={() => {
                const next = new Set(chosen);
                if (!next.delete(index)) next.add(index);
                choose(next);
              }}
            >
              <StateIcon state={state} /> {state} <span class="muted">{number(counts[index])}</span>
            </button>
          ))}
        </div>
      </div>
      {rows.length === 0 ? (
        <Empty>{exits.size === 0 ? "No exits yet." : "No exit matches."}</Empty>
      ) : (
        <div
          ref={scroller}
          class="table"
          style={{ maxHeight: `${HIGHEST}px` }}
          onScroll={(event) => setTop(event.currentTarget.scrollTop)}
          onPointerEnter={() => setInside(true)}
          onPointerLeave={() => setInside(scroller.current?.contains(document.activeElement) === true)}
          onFocusIn={() => setInside(true)}
          onFocusOut={(event) => setInside(scroller.current?.contains(event.relatedTarget as Node | null) === true)}
          onKeyDown={onKey}
        >
          <table aria-rowcount={rows.length + 1} aria-label="Exits">
            <thead>
              <tr aria-rowindex={1}>
                {columns.map(({ key, name, falls, class: more }) => (
                  <th key={key} scope="col" class={more} aria-sort={sort.key === key ? (sort.falls ? "descending" : "ascending") : undefined}>
                    <button type="button" onClick={() => setSort(sort.key === key ? { key, falls: !sort.falls } : { key, falls })}>
                      {name}
                      <span class="arrow" aria-hidden="true">
                        {sort.key === key ? (sort.falls ? "↓" : "↑") : ""}
                      </span>
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              <Gap high={offsetOf(first)} />
              {shown.flatMap((row) => {
                const i = rows[row];
                const isOpen = row === openRow;
                return [
                  <tr key={`r${row}`} class={`row ${isOpen ? "open" : ""}`} data-row={row} tabIndex={row === reachable ? 0 : -1} aria-rowindex={row + 2} aria-expanded={isOpen} onClick={() => toggle(row)} onFocus={() => setActive(row)}>
                    <Cells columns={columns} exits={exits} i={i} state={states[exits.state[i]] ?? "unknown"} clock={frame?.clock ?? 0} />
                  </tr>,
                  ...(isOpen ? [
                    <tr key="details" class="details">
                      <td colSpan={columns.length}>
                        <ExitDetails id={exits.ids[i]} seq={frame?.seq ?? 0} events={view.events} measured={setDetailHigh} />
                      </td>
                    </tr>,
                  ] : []),
                ];
              })}
              <Gap high={offsetOf(rows.length) - offsetOf(end)} />
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Gap({ high }: { high: number }): JSX.Element | null {
  return high > 0 ? (
    <tr class="gap" aria-hidden="true" style={{ height: `${high}px` }}>
      <td />
    </tr>
  ) : null;
}
