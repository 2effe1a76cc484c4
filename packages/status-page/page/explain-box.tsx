import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ExplainFrame } from "../src/wire.ts";
import { ago, number, span, wait } from "./format.ts";
import { LevelIcon } from "./icons.tsx";
import { Panel } from "./panel.tsx";

const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/** Whether a request could be sent now, by which exits, and why not by the others. Nothing is sent. */
export function ExplainBox(): JSX.Element {
  const [method, setMethod] = useState("GET");
  const [url, setUrl] = useState("");
  const [body, setBody] = useState("");
  const [answer, setAnswer] = useState<ExplainFrame | string | undefined>(undefined);
  const [asking, setAsking] = useState(false);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setAsking(true);
    try {
      const asked = { method, url: url.trim(), ...(body === "" ? {} : { body }) };
      const response = await fetch(`${location.pathname}?data=explain`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(asked) });
      const said = (await response.json()) as ExplainFrame & { error?: string };
      setAnswer(response.ok ? said : (said.error ?? `Status ${response.status}`));
    } catch {
      setAnswer("The server does not answer.");
    } finally {
      setAsking(false);
    }
  }

  return (
    <Panel id="explain" title="Explain a request" aside="nothing is sent">
      <form class="explain" onSubmit={(event) => void submit(event)}>
        <label>
          <span class="hidden">Method</span>
          <select value={method} onChange={(event) => setMethod(event.currentTarget.value)}>
            {METHODS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label class="grow">
          <span class="hidden">URL</span>
          <input type="url" required placeholder="https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=500" value={url} onInput={(event) => setUrl(event.currentTarget.value)} spellcheck={false} />
        </label>
        <button type="submit" class="primary" disabled={asking}>
          Explain
        </button>
        {method !== "GET" && method !== "HEAD" && (
          <label class="whole">
            <span class="hidden">Body</span>
            <textarea rows={2} placeholder="Body, where the weight depends on it" value={body} onInput={(event) => setBody(event.currentTarget.value)} />
          </label>
        )}
      </form>
      {answer === undefined && <p class="hint">Says what a request would weigh, whether it could leave now and by which exits, and what keeps the others from taking it.</p>}
      <div aria-live="polite">{answer !== undefined && (typeof answer === "string" ? <p class="said l-bad"><LevelIcon level="bad" />{answer}</p> : <Explained frame={answer} />)}</div>
    </Panel>
  );
}

export function Explained({ frame }: { frame: ExplainFrame }): JSX.Element {
  const { target, text, weight, charges, common, rule, warnings, suggestions, groups, asked } = frame;
  return (
    <div class="explained">
      {text.map((line) => (
        <p key={line.text} class={`said l-${line.level}`}>
          <LevelIcon level={line.level} />
          {line.text}
        </p>
      ))}
      <dl class="facts">
        <dt>Target</dt>
        <dd>{target}</dd>
        <dt>Weight</dt>
        <dd>
          {number(weight)}
          {rule !== undefined && <small>{rule}</small>}
        </dd>
        {charges.length > 0 && <dt>Counts on</dt>}
        {charges.length > 0 && (
          <dd>
            {charges.map(({ limit, units, of, perMs, scope }) => (
              <div key={limit}>
                {limit}: {number(units)} of {number(of)} in {span(perMs)}, by {scope}
              </div>
            ))}
          </dd>
        )}
        {common.length > 0 && <dt>Whichever exit</dt>}
        {common.length > 0 && (
          <dd>
            {common.map(({ name, of, used, limit, resetsInMs }) => (
              <div key={name}>
                {name} of {of}: {number(used)} of {number(limit)} used{used > 0 && `, turns in ${wait(resetsInMs)}`}
              </div>
            ))}
          </dd>
        )}
        {[...warnings, ...suggestions].length > 0 && <dt>Hints</dt>}
        {[...warnings, ...suggestions].length > 0 && <dd>{[...warnings, ...suggestions].map((hint) => <div key={hint}>{hint}</div>)}</dd>}
      </dl>
      <ul class="groups">
        {groups.map(({ reason, text: why, usable, exits, names, cause }) => (
          <li key={reason}>
            <strong>
              {number(exits)} of {number(asked)}
            </strong>{" "}
            <span class={usable ? "l-good" : ""}>{why}</span>
            {cause !== undefined && (
              <small>
                {names[0]}: {cause.reason}, answered to {cause.request}, {ago(cause.agoMs)}
              </small>
            )}
            <small class="mono">
              {names.join(", ")}
              {exits > names.length && ` and ${number(exits - names.length)} more`}
            </small>
          </li>
        ))}
      </ul>
    </div>
  );
}
