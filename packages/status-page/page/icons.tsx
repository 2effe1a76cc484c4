import type { JSX } from "preact";
import type { Level } from "../src/wire.ts";

/** A sign for each level, so that nobody has to tell colours apart. */
export function LevelIcon({ level }: { level: Level }): JSX.Element {
  return (
    <svg class={`icon l-${level}`} viewBox="0 0 16 16" aria-hidden="true">
      {level === "good" && <path d="M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Zm-3 6.7 2.2 2.2L11.2 6" />}
      {level === "warning" && <path d="M8 2.2 14.6 13.6H1.4Zm0 4.3v3.2m0 1.7v.2" />}
      {level === "bad" && <path d="M5.3 1.6h5.4l3.7 3.7v5.4l-3.7 3.7H5.3l-3.7-3.7V5.3ZM5.7 5.7l4.6 4.6m0-4.6-4.6 4.6" />}
      {level === "idle" && <path d="M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM5 8h6" />}
    </svg>
  );
}

/** A shape for each state of an exit. */
export function StateIcon({ state }: { state: string }): JSX.Element {
  return (
    <svg class={`icon s-${state}`} viewBox="0 0 16 16" aria-hidden="true">
      {state === "active" && <circle class="full" cx="8" cy="8" r="4" />}
      {state === "warning" && <path class="full" d="M8 3.2 13 12.4H3Z" />}
      {state === "cooldown" && <path d="M5.6 3.5v9M10.4 3.5v9" />}
      {state === "banned" && <path d="M8 2.8a5.2 5.2 0 1 1 0 10.4A5.2 5.2 0 0 1 8 2.8Zm-3.6 1.6 7.2 7.2" />}
      {state === "dead" && <path d="m4 4 8 8m0-8-8 8" />}
      {state === "unknown" && <circle cx="8" cy="8" r="3.6" />}
    </svg>
  );
}

export function State({ state }: { state: string }): JSX.Element {
  return (
    <span class={`state s-${state}`}>
      <StateIcon state={state} />
      {state}
    </span>
  );
}

export function Breaker({ state }: { state: "closed" | "open" | "half-open" }): JSX.Element {
  return (
    <span class={`state b-${state}`}>
      <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
        {state === "closed" ? <path d="M1.5 8h13" /> : state === "open" ? <path d="M1.5 8h3.4l5-4.6M11 8h3.5" /> : <path d="M1.5 8h3.4l5.4-2.2M11 8h3.5" />}
        <circle class="full" cx="4.9" cy="8" r="1.5" />
        <circle class="full" cx="11" cy="8" r="1.5" />
      </svg>
      {state}
    </span>
  );
}
