import { EXIT_STATES, type ExitPool, type PoolOverview } from "@multihome/core";
import { EventBook } from "./event-book.ts";
import { ExitRows } from "./exit-rows.ts";
import { frameOf } from "./frame.ts";
import { LatencyWindow } from "./latency-window.ts";
import { RaceBook } from "./race-book.ts";
import type { Frame, Hello, Point } from "./wire.ts";

const EVERY_MS = 1_000;
/** What was asked for within this time is as good as new. */
const FRESH_MS = 900;
/** Ten minutes of charts. */
const MOST_POINTS = 600;
/** Latencies in a chart are of so many seconds: of one alone the 99th percentile jumps about. */
const POINT_SECONDS = 10;
/** Each viewer holds a socket and a second's worth of writing. */
const MOST_VIEWERS = 100;

export interface Viewer {
  /** One message, written whole. */
  send(event: "hello" | "frame" | "end", json: string): void;
  /** Nothing more will come. */
  end(): void;
}

/**
 * What everybody who looks at one pool is shown, worked out once a second however many look, and not at all while nobody
 * does. Only what is rare and would be missed is listened to all the time.
 */
export class Feed {
  static readonly #feeds = new WeakMap<ExitPool, Feed>();

  /** One for each pool, however many handlers it has. */
  static of(pool: ExitPool): Feed {
    let feed = Feed.#feeds.get(pool);
    if (feed === undefined) Feed.#feeds.set(pool, (feed = new Feed(pool)));
    return feed;
  }

  readonly #pool: ExitPool;
  readonly rows = new ExitRows();
  readonly #events: EventBook;
  readonly #latency = new LatencyWindow();
  readonly #races = new RaceBook();
  readonly #viewers = new Set<Viewer>();
  #listening: (() => void)[] = [];
  #timer: unknown;
  #points: Point[] = [];
  #seq = 0;
  #takenAt = -Infinity;
  #frame: Frame | undefined;
  #lastEvent = 0;
  readonly #made = new Map<string, string>();
  #closed = false;

  private constructor(pool: ExitPool) {
    this.#pool = pool;
    this.#events = new EventBook(pool);
    pool.adapterHost.onClose(() => this.#close());
  }

  get closed(): boolean {
    return this.#closed || this.#pool.adapterHost.closed;
  }

  get full(): boolean {
    return this.#viewers.size >= MOST_VIEWERS;
  }

  /** For tests and for the curious: how many look. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** @returns takes the viewer off; more than once does no harm */
  watch(viewer: Viewer): () => void {
    if (this.#viewers.size === 0) this.#wake();
    this.#viewers.add(viewer);
    viewer.send("hello", JSON.stringify(this.hello()));
    return () => {
      if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#sleep();
    };
  }

  hello(): Hello {
    const frame = this.fresh();
    return { points: this.#points, events: this.#events.since(0).slice(-200), frame: { ...frame, events: [] }, states: EXIT_STATES };
  }

  /** The newest frame; made now where nobody has been looking. */
  fresh(): Frame {
    const now = this.#pool.adapterHost.clock.now();
    if (this.#frame === undefined || now - this.#takenAt > FRESH_MS) this.#take();
    return this.#frame as Frame;
  }

  /** Something that is worked out once for each frame, by name. */
  perFrame(name: string, make: () => string): string {
    let made = this.#made.get(name);
    if (made === undefined) this.#made.set(name, (made = make()));
    return made;
  }

  #take(): void {
    this.#made.clear();
    const { clock } = this.#pool.adapterHost;
    const overview = this.#pool.overview();
    this.#takenAt = overview.at;
    this.#seq++;
    this.rows.take(overview.columns, this.#seq);
    const events = this.#events.since(this.#lastEvent);
    this.#lastEvent = events.at(-1)?.id ?? this.#lastEvent;
    const point = this.#point(overview, clock.wallTime());
    this.#frame = frameOf({
      overview,
      seq: this.#seq,
      revision: this.rows.revision,
      at: clock.wallTime(),
      latency: this.#latency.over(overview.at, 60),
      refused: { rateLimited: this.#events.rateLimited.sum(overview.at), banned: this.#events.banned.sum(overview.at) },
      races: this.#races.frame(overview.at),
      events,
      point,
    });
    this.#addPoint(point, overview);
  }

  #point({ at, answered }: PoolOverview, wall: number): Point {
    const latency = this.#latency.over(at, POINT_SECONDS);
    const refused = this.#events.rateLimited.lastSecond(at) + this.#events.banned.lastSecond(at);
    return [Math.floor(wall / 1_000), answered.at(-1) ?? 0, refused, latency === undefined ? null : round(latency.p50), latency === undefined ? null : round(latency.p99)];
  }

  #addPoint(point: Point, { answered }: PoolOverview): void {
    const last = this.#points.at(-1)?.[0] ?? -Infinity;
    // The pool remembers a minute of answers by itself: a chart that is first looked at is not empty.
    for (let age = Math.min(answered.length - 1, point[0] - last - 1); age >= 1; age--) this.#points.push([point[0] - age, answered[answered.length - 1 - age], 0, null, null]);
    if (point[0] > last) this.#points.push(point);
    if (this.#points.length > MOST_POINTS) this.#points = this.#points.slice(-MOST_POINTS);
  }

  #wake(): void {
    const { clock } = this.#pool.adapterHost;
    const wall = (at: number): number => clock.wallTime() - (clock.now() - at);
    this.#listening = [
      this.#pool.on("multihome:task.settled", ({ at, outcome, durationMs }) => {
        if (outcome === "answered") this.#latency.add(at, durationMs);
      }),
      this.#pool.on("multihome:race.settled", (message) => this.#races.add(message, wall(message.at))),
      this.#pool.on("multihome:limit.updated", (message) => this.#events.limitUpdated(message)),
    ];
    this.#sleepUntilNext();
  }

  #sleep(): void {
    for (const end of this.#listening.splice(0)) end();
    if (this.#timer !== undefined) this.#pool.adapterHost.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #sleepUntilNext(): void {
    const timer = this.#pool.adapterHost.clock.setTimeout(() => this.#tick(), EVERY_MS);
    // Who looks holds a socket; that may keep a process alive, this may not.
    (timer as { unref?: () => void }).unref?.();
    this.#timer = timer;
  }

  #tick(): void {
    this.#sleepUntilNext();
    this.#take();
    const json = JSON.stringify(this.#frame);
    for (const viewer of [...this.#viewers]) viewer.send("frame", json);
  }

  #close(): void {
    this.#closed = true;
    this.#sleep();
    this.#events.close();
    for (const viewer of [...this.#viewers]) {
      viewer.send("end", "{}");
      viewer.end();
    }
    this.#viewers.clear();
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
