import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Frame } from "../src/wire.ts";
import { latency, NOTHING, number, percent, rate, unbroken } from "./format.ts";
import { LevelIcon } from "./icons.tsx";

/** What limits it is read out when it becomes another matter, and no more often than this. */
const SAY_EVERY_MS = 15_000;
const SAID_MS = 5_000;

/** The sentence that says what limits the pool now. */
export function Limiting({ limiting }: Pick<Frame, "limiting">): JSX.Element {
  const { level, text } = limiting;
  const [said, say] = useState("");
  const saidAt = useRef(-Infinity);
  // Numbers that count down are not news.
  const kind = level + text.replace(/[\d.,]+/g, "");
  useEffect(() => {
    const now = performance.now();
    if (now - saidAt.current < SAY_EVERY_MS) return;
    saidAt.current = now;
    say(text);
    // Said once: who reads on finds what is true then in the sentence itself.
    setTimeout(() => say((said) => (said === text ? "" : said)), SAID_MS);
  }, [kind]);
  return (
    <div class={`limiting l-${level}`}>
      <LevelIcon level={level} />
      <p>{unbroken(text)}</p>
      <p class="hidden" role="status">
        {said}
      </p>
    </div>
  );
}

export function Strip({ frame }: { frame: Frame }): JSX.Element {
  const { perSecond, success, attempts1m, latency: took, inflight, waiting, refused, exits } = frame;
  return (
    <dl class="strip">
      <Figure name="Throughput" unit="/s" note={`${rate(perSecond.s10)} in 10 s · ${rate(perSecond.s60)} in 1 min`}>
        {rate(perSecond.s1)}
      </Figure>
      <Figure name="Success" note={attempts1m === 0 ? "no attempts in 1 min" : `of ${number(attempts1m)} attempts in 1 min`}>
        {success === undefined ? NOTHING : percent(success)}
      </Figure>
      <Figure name="p50" note="with waiting, 1 min">
        {took === undefined ? NOTHING : latency(took.p50)}
      </Figure>
      <Figure name="p99" note={took === undefined ? "no answers in 1 min" : `of ${number(took.samples)} answers in 1 min`}>
        {took === undefined ? NOTHING : latency(took.p99)}
      </Figure>
      <Figure name="In flight" note={`${number(exits.healthy)} usable ${exits.healthy === 1 ? "exit" : "exits"}`}>
        {number(inflight)}
      </Figure>
      <Figure name="Waiting" note={waiting === 0 ? "nothing in the queue" : "in the queue"} level={waiting > 0 ? "warning" : undefined}>
        {number(waiting)}
      </Figure>
      <Figure name="429" note="refused in 5 min" level={refused.rateLimited > 0 ? "warning" : undefined}>
        {number(refused.rateLimited)}
      </Figure>
      <Figure name="418" note="banned in 5 min" level={refused.banned > 0 ? "bad" : undefined}>
        {number(refused.banned)}
      </Figure>
    </dl>
  );
}

interface FigureProps {
  readonly name: string;
  readonly unit?: string;
  readonly note: string;
  readonly level?: "warning" | "bad" | undefined;
  readonly children: ComponentChildren;
}

function Figure({ name, unit, note, level, children }: FigureProps): JSX.Element {
  return (
    <div class={`figure ${level === undefined ? "" : `l-${level}`}`}>
      <dt>
        {name}
        {level !== undefined && <LevelIcon level={level} />}
      </dt>
      <dd>
        <strong>{children}</strong>
        {unit !== undefined && <span class="unit">{unit}</span>}
        <small>{note}</small>
      </dd>
    </div>
  );
}
