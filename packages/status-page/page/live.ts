import type { EventFrame, ExitFrame, Frame, Hello, Point } from "../src/wire.ts";
import { Exits } from "./exits.ts";

export type Connection = "connecting" | "live" | "lost" | "ended" | "denied";

/** What the page shows at this moment. */
export interface View {
  readonly connection: Connection;
  readonly frame: Frame | undefined;
  readonly points: readonly Point[];
  readonly events: readonly EventFrame[];
  readonly states: readonly string[];
  readonly exits: Exits;
  /** The version of `exits`: it is one object throughout. */
  readonly version: number;
  /** Every exit closely, where there are few. */
  readonly close: readonly ExitFrame[];
  /** This page's clock is so far ahead of the server's. */
  readonly aheadMs: number;
}

/** Up to so many exits are shown one by one. */
export const FEW = 100;
const MOST_POINTS = 600;
const MOST_EVENTS = 500;
/** Frames come every second; after so long without one the connection is not worth its name. */
const SILENT_MS = 5_000;
const RETRY_MS = 1_500;

const here = (query: string): string => `${location.pathname}?${query}`;

export async function ask<T>(query: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(here(query), signal === undefined ? {} : { signal });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error((body as { error?: string }).error ?? `Status ${response.status}`);
  return body as T;
}

/** Keeps the page in step with its server, through its restarts. */
export class Live {
  view: View = { connection: "connecting", frame: undefined, points: [], events: [], states: [], exits: new Exits(), version: 0, close: [], aheadMs: 0 };
  readonly #listeners = new Set<() => void>();
  #source: EventSource | undefined;
  #heardAt = 0;
  #generation = 0;
  #asking = false;
  #retry = 0;

  start(): void {
    this.#connect();
    setInterval(() => this.#watch(), 1_000);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") void this.#askDetails();
    });
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #set(change: Partial<View>): void {
    this.view = { ...this.view, ...change };
    for (const listener of this.#listeners) listener();
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    const source = new EventSource(here("data=stream"));
    this.#source = source;
    this.#heardAt = Date.now();
    source.addEventListener("hello", (event) => this.#hello(JSON.parse((event as MessageEvent<string>).data) as Hello));
    source.addEventListener("frame", (event) => this.#frame(JSON.parse((event as MessageEvent<string>).data) as Frame));
    source.addEventListener("end", () => {
      this.#set({ connection: "ended" });
      // Another pool may come up at the same address.
      this.#again(source, RETRY_MS * 2);
    });
    source.onerror = () => {
      if (this.view.connection === "live" || this.view.connection === "connecting") this.#set({ connection: "lost" });
      this.#again(source, RETRY_MS);
    };
  }

  #again(source: EventSource, afterMs: number): void {
    source.close();
    if (source !== this.#source) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#reconnect(), afterMs);
  }

  async #reconnect(): Promise<void> {
    // An EventSource does not say why it was refused.
    const status = await fetch(here("data=hello"), { method: "HEAD" }).then((response) => response.status, () => 0);
    if (status === 401) this.#set({ connection: "denied" });
    if (status === 200) this.#connect();
    else this.#retry = setTimeout(() => void this.#reconnect(), RETRY_MS);
  }

  #hello({ frame, points, events, states }: Hello): void {
    this.#generation++;
    this.#heardAt = Date.now();
    const { exits } = this.view;
    exits.reset();
    this.#set({ connection: "live", frame, points, events, states, aheadMs: Date.now() - frame.at });
    void this.#askDetails();
  }

  #frame(frame: Frame): void {
    this.#heardAt = Date.now();
    const points = [...this.view.points.slice(-MOST_POINTS + 1), frame.point];
    const events = frame.events.length === 0 ? this.view.events : [...this.view.events, ...frame.events].slice(-MOST_EVENTS);
    this.#set({ connection: "live", frame, points, events, aheadMs: Date.now() - frame.at });
    void this.#askDetails();
  }

  /** What changed of single exits; one question at a time, and none while nobody sees the page. */
  async #askDetails(): Promise<void> {
    const { exits, frame } = this.view;
    if (this.#asking || frame === undefined || document.visibilityState === "hidden") return;
    this.#asking = true;
    const generation = this.#generation;
    try {
      if (exits.revision !== frame.revision) {
        const names = await ask<Parameters<Exits["name"]>[0]>("data=names");
        if (generation !== this.#generation) return;
        exits.name(names);
      }
      const response = await fetch(here(`data=columns&since=${exits.seq}&revision=${exits.revision}`));
      const buffer = await response.arrayBuffer();
      if (generation !== this.#generation || !response.ok) return;
      if (!exits.apply(buffer)) exits.reset();
      const close = exits.size <= FEW ? await ask<ExitFrame[]>("data=exits") : [];
      if (generation === this.#generation) this.#set({ version: exits.version, close });
    } catch {
      // The stream says so as well, and the next frame asks again.
    } finally {
      this.#asking = false;
    }
  }

  #watch(): void {
    if (this.view.connection !== "live" || Date.now() - this.#heardAt < SILENT_MS || document.visibilityState === "hidden") return;
    this.#set({ connection: "lost" });
    if (this.#source !== undefined) this.#again(this.#source, 0);
  }
}
