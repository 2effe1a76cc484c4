import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { colour, onTheme } from "./theme.ts";

export interface Line {
  readonly label: string;
  /** The name of a colour in the style sheet. */
  readonly colour: string;
  readonly dashed?: boolean;
  readonly filled?: boolean;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  /** What it shows, in a sentence, for those who cannot see it. */
  readonly label: string;
  /** Epoch seconds. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
}

const HEIGHT = 180;
/** Five minutes are shown; older points have gone by. */
const SHOWN_S = 300;

export function Chart({ label, times, lines, format }: ChartProps): JSX.Element {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [at, pointAt] = useState<number | undefined>(undefined);
  const [painted, repaint] = useState(0);
  const last = times.length - 1;

  useEffect(() => onTheme(() => repaint((count) => count + 1)), []);

  useEffect(() => {
    const element = holder.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsFor(element.clientWidth, lines, format, pointAt), dataOf(times, lines), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [painted]);

  useEffect(() => {
    const { current } = plot;
    if (current === undefined) return;
    current.setData(dataOf(times, lines), false);
    const end = times[last] ?? 0;
    current.setScale("x", { min: end - SHOWN_S, max: end });
  }, [times]);

  const shown = at ?? last;
  return (
    <figure class="chart">
      <ul class="legend">
        {lines.map(({ label: name, colour: of, dashed, values }) => {
          const value = values[shown];
          return (
            <li key={name}>
              <svg viewBox="0 0 18 8" aria-hidden="true" class={`swatch c-${of}`}>
                <path d="M1 4h16" stroke-dasharray={dashed === true ? "4 3" : undefined} />
              </svg>
              {name} <strong>{value == null ? "–" : format(value)}</strong>
            </li>
          );
        })}
        <li class="when">{at === undefined ? "now" : new Date((times[at] ?? 0) * 1_000).toLocaleTimeString("en-GB")}</li>
      </ul>
      <div ref={holder} class="plot" role="img" aria-label={label} />
    </figure>
  );
}

function dataOf(times: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [times as number[], ...lines.map(({ values }) => values as (number | null)[])];
}

function alone(values: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  return found;
}

function optionsFor(width: number, lines: readonly Line[], format: (value: number) => string, pointAt: (index: number | undefined) => void): uPlot.Options {
  const ink = colour("muted");
  const grid = { stroke: colour("line"), width: 1 };
  const font = "11px system-ui, sans-serif";
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    padding: [8, 18, 0, 0],
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { show: false }, font, space: (self) => (self.width < 420 ? 44 : 70), size: 24, values: (_, splits) => splits.map((split) => new Date(split * 1_000).toLocaleTimeString("en-GB").slice(0, 5 + (split % 60 === 0 ? 0 : 3))) },
      { stroke: ink, grid, ticks: { show: false }, font, size: 56, space: 40, values: (_, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...lines.map(
        ({ label, colour: of, dashed, filled }): uPlot.Series => ({
          label,
          stroke: colour(of),
          width: 1.75,
          // One without neighbours has no line to show it.
          points: { size: 5, fill: colour(of), filter: (self, index, _show, _gaps) => alone(self.data[index] ?? []) },
          spanGaps: false,
          ...(dashed === true ? { dash: [5, 4] } : {}),
          ...(filled === true ? { fill: `${colour(of)}22` } : {}),
        }),
      ),
    ],
    hooks: { setCursor: [(self) => pointAt(self.cursor.idx ?? undefined)] },
  };
}
