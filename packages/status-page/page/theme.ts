export type Theme = "auto" | "light" | "dark";

const KEY = "multihome-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function theme(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "auto";
  } catch {
    return "auto";
  }
}

export function setTheme(wanted: Theme): void {
  try {
    if (wanted === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, wanted);
  } catch {
    // It holds for as long as the page is open.
  }
  show(wanted);
}

function show(wanted: Theme): void {
  document.documentElement.dataset["theme"] = wanted === "auto" ? (dark.matches ? "dark" : "light") : wanted;
  for (const listener of listeners) listener();
}

/** Canvases are painted anew: they do not follow a style sheet. */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

dark.addEventListener("change", () => show(theme()));
show(theme());
