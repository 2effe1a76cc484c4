import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { FULL_LOAD, NO_LOAD, type Exits } from "./exits.ts";
import { number, wait } from "./format.ts";
import type { View } from "./live.ts";
import { colour, onTheme } from "./theme.ts";

/** Steps of the load's colour. */
const STEPS = 5;

interface Grid {
  readonly columns: number;
  /** From one cell to the next, in CSS pixels; the last of them is the gap. */
  readonly pitch: number;
  readonly width: number;
  readonly height: number;
}

/** As large as the width allows, in at most 70 rows or so. */
function gridFor(width: number, count: number): Grid {
  let pitch = 18;
  while (pitch > 4 && Math.ceil(count / Math.floor(width / pitch)) * pitch > 420) pitch--;
  const columns = Math.max(1, Math.floor(width / pitch));
  return { columns, pitch, width, height: Math.ceil(count / columns) * pitch };
}

/** How full the fullest limit of each exit is, and which of them cannot be used: a cell each, painted where something changed. */
export function HeatMap({ view, open }: { view: View; open: (id: string) => void }): JSX.Element {
  const { exits, version, frame, states } = view;
  const canvas = useRef<HTMLCanvasElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [chosen, choose] = useState(-1);
  const [painted, repaint] = useState(0);
  const paint = useRef<{ key: string; version: number }>({ key: "", version: -1 });

  useEffect(() => onTheme(() => repaint((count) => count + 1)), []);
  useEffect(() => {
    const element = holder.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const grid = gridFor(Math.max(200, width), exits.size);
  useEffect(() => {
    const element = canvas.current;
    if (element === null || width === 0) return;
    const key = `${grid.width} ${grid.pitch} ${exits.revision} ${exits.size} ${painted}`;
    // One answer came after the other: what it changed is all there is to paint.
    const some = paint.current.key === key && paint.current.version === version - 1 ? exits.changed : undefined;
    if (paint.current.key === key && paint.current.version === version) return;
    paintCells(element, grid, exits, states, some, paint.current.key !== key);
    paint.current = { key, version };
  }, [version, width, painted, exits.revision]);

  const at = chosen >= 0 && chosen < exits.size ? chosen : -1;
  const move = (by: number): void => choose(Math.max(0, Math.min(exits.size - 1, (at < 0 ? 0 : at) + by)));
  const onKey = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns, PageUp: -grid.columns * 10, PageDown: grid.columns * 10, Home: -exits.size, End: exits.size }[event.key];
    if (by !== undefined) move(at < 0 ? 0 : by);
    else if (event.key === "Enter" && at >= 0) open(exits.ids[at]);
    else return;
    event.preventDefault();
  };
  const cellAt = (event: MouseEvent): number => {
    const column = Math.floor(event.offsetX / grid.pitch);
    const index = Math.floor(event.offsetY / grid.pitch) * grid.columns + column;
    return column < grid.columns && index < exits.size ? index : -1;
  };
  const says = at < 0 ? "Point at a cell, or move with the arrow keys; Enter opens it in the table." : describe(exits, at, states, frame?.clock ?? 0);
  return (
    <div class="heat">
      <div
        ref={holder}
        class="heat-map"
        role="application"
        tabIndex={0}
        aria-label={`Map of ${number(exits.size)} exits, a cell each`}
        aria-describedby="heat-says"
        onKeyDown={onKey}
        onPointerMove={(event) => choose(cellAt(event))}
        onPointerLeave={() => choose(-1)}
        onClick={(event) => {
          const index = cellAt(event);
          if (index >= 0) open(exits.ids[index]);
        }}
      >
        <canvas ref={canvas} />
        {at >= 0 && <span class="cursor" style={{ left: `${(at % grid.columns) * grid.pitch - 2}px`, top: `${Math.floor(at / grid.columns) * grid.pitch - 2}px`, width: `${grid.pitch + 3}px`, height: `${grid.pitch + 3}px` }} />}
      </div>
      <div class="heat-foot">
        <p id="heat-says" class="heat-says" aria-live="polite">
          {says}
        </p>
        <Legend />
      </div>
    </div>
  );
}

function Legend(): JSX.Element {
  return (
    <ul class="heat-legend" aria-label="Legend">
      <li>
        <span class="cell none" /> no limit
      </li>
      <li>
        {Array.from({ length: STEPS + 1 }, (_, step) => (
          <span key={step} class={`cell h${step}`} />
        ))}{" "}
        0 to 100 % used
      </li>
      <li>
        <span class="cell cooldown" /> cooldown
      </li>
      <li>
        <span class="cell banned" /> banned
      </li>
      <li>
        <span class="cell dead" /> dead
      </li>
    </ul>
  );
}

function describe(exits: Exits, i: number, states: readonly string[], clock: number): string {
  const load = exits.load[i];
  const rests = exits.until[i] - clock;
  const parts = [states[exits.state[i]] ?? "unknown", load === NO_LOAD ? "no limit" : `${Math.round((load / FULL_LOAD) * 100)} % used`, `${number(exits.success[i])} answers, ${number(exits.fail[i])} failures`];
  if (rests > 0) parts.push(`back in ${wait(rests)}`);
  return `${exits.ids[i]}: ${parts.join(" · ")}`;
}

function paintCells(canvas: HTMLCanvasElement, grid: Grid, exits: Exits, states: readonly string[], some: Uint32Array | undefined, anew: boolean): void {
  const scale = devicePixelRatio;
  const context = canvas.getContext("2d");
  if (context === null) return;
  if (anew) {
    canvas.width = Math.round(grid.width * scale);
    canvas.height = Math.round(grid.height * scale);
    canvas.style.height = `${grid.height}px`;
  }
  context.setTransform(scale, 0, 0, scale, 0, 0);
  if (some === undefined) context.clearRect(0, 0, grid.width, grid.height);
  const inks = { none: colour("heat-none"), dead: colour("dead"), banned: colour("bad"), cooldown: colour("cooldown"), surface: colour("surface"), load: Array.from({ length: STEPS + 1 }, (_, step) => colour(`h${step}`)) };
  const size = grid.pitch - 1;
  const count = some === undefined ? exits.size : some.length;
  for (let n = 0; n < count; n++) {
    const i = some === undefined ? n : some[n];
    const x = (i % grid.columns) * grid.pitch;
    const y = Math.floor(i / grid.columns) * grid.pitch;
    const state = states[exits.state[i]];
    const load = exits.load[i];
    if (some !== undefined) context.clearRect(x, y, size, size);
    context.fillStyle = state === "dead" ? inks.surface : state === "banned" ? inks.banned : state === "cooldown" ? inks.cooldown : load === NO_LOAD ? inks.none : inks.load[Math.min(STEPS, Math.ceil((load / FULL_LOAD) * STEPS - 0.001))];
    context.fillRect(x, y, size, size);
    // Marks beside the colour: a ring for the dead, a bar across the banned, a notch for those that rest.
    if (state === "dead") {
      context.fillStyle = inks.dead;
      context.fillRect(x, y, size, 1);
      context.fillRect(x, y + size - 1, size, 1);
      context.fillRect(x, y, 1, size);
      context.fillRect(x + size - 1, y, 1, size);
    } else if (state === "banned") {
      context.fillStyle = inks.surface;
      context.fillRect(x + 1, y + Math.floor(size / 2), size - 2, Math.max(1, Math.round(size / 6)));
    } else if (state === "cooldown") {
      context.fillStyle = inks.surface;
      context.fillRect(x + Math.floor(size / 2), y + 1, Math.max(1, Math.round(size / 6)), size - 2);
    }
  }
}
