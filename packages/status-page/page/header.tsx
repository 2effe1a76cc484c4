import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Connection } from "./live.ts";
import { setTheme, theme, type Theme } from "./theme.ts";

const SAYS: Readonly<Record<Connection, string>> = {
  connecting: "connecting",
  live: "live",
  lost: "connection lost, trying again",
  ended: "the pool has closed",
  denied: "not let in: open the page with its token again",
};

export function Header({ connection, pool }: { connection: Connection; pool: string | undefined }): JSX.Element {
  const [chosen, choose] = useState<Theme>(theme());
  return (
    <header class="top">
      <div class="brand">
        <svg viewBox="0 0 32 32" class="mark" aria-hidden="true">
          <rect width="32" height="32" rx="8" />
          <path d="M7 16h6m0 0 9-7m-9 7h12m-12 0 9 7" />
        </svg>
        <h1>
          multihome <span class="muted">{pool ?? ""}</span>
        </h1>
      </div>
      <p class={`pill c-${connection}`} role="status">
        <span class="dot" aria-hidden="true" />
        {SAYS[connection]}
      </p>
      <label class="theme">
        <span class="hidden">Colours</span>
        <select
          value={chosen}
          onChange={(event) => {
            const wanted = event.currentTarget.value as Theme;
            setTheme(wanted);
            choose(wanted);
          }}
        >
          <option value="auto">As the system</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
    </header>
  );
}
