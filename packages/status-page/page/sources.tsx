import { Fragment, type JSX } from "preact";
import type { SourceFrame } from "../src/wire.ts";
import { ago, NOTHING, number } from "./format.ts";
import { LevelIcon } from "./icons.tsx";
import { Panel } from "./panel.tsx";

/** The lists that proxies come from; nothing where there are none. */
export function Sources({ sources }: { sources: readonly SourceFrame[] }): JSX.Element | null {
  if (sources.length === 0) return null;
  const down = sources.filter(({ up }) => !up).length;
  return (
    <Panel id="sources" title="Proxy lists" aside={down === 0 ? "all read" : `${down} not readable`}>
      <div class="scroll" tabIndex={0} role="group" aria-labelledby="sources-title">
        <table>
          <thead>
            <tr>
              <th scope="col">List</th>
              <th scope="col" class="right">
                Proxies
              </th>
              <th scope="col" class="right roomy">
                Rejected lines
              </th>
              <th scope="col" class="right">
                Last read
              </th>
            </tr>
          </thead>
          <tbody>
            {sources.map(({ name, up, proxies, rejected, readAgoMs, trouble }) => (
              <Fragment key={name}>
                <tr class={trouble === undefined ? "" : "said-below"}>
                  <th scope="row" class="source">
                    <span>
                      <LevelIcon level={up ? "good" : readAgoMs === undefined ? "idle" : "warning"} />
                      {name}
                    </span>
                  </th>
                  <td class="right">{number(proxies)}</td>
                  <td class="right roomy">{number(rejected)}</td>
                  <td class="right">{readAgoMs === undefined ? <span class="muted">{NOTHING}</span> : ago(readAgoMs)}</td>
                </tr>
                {trouble !== undefined && (
                  <tr>
                    <td colSpan={4} class="says">
                      <small class="l-warning">{trouble}</small>
                    </td>
                  </tr>
                )}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
