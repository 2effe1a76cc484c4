import http from "node:http";
import type { RequestListener } from "node:http";
import net from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { ListIntake } from "../../../src/exits/sources/list-intake.ts";
import type { ListContent } from "../../../src/exits/sources/list-intake.ts";
import { reachOf } from "../../../src/exits/sources/reach.ts";
import type { Reach } from "../../../src/exits/sources/reach.ts";
import { Sources } from "../../../src/exits/sources/sources.ts";
import type { ListedProxies, SourcesDeps } from "../../../src/exits/sources/sources.ts";
import { UserIds } from "../../../src/exits/user-ids.ts";
import type { ExitSource } from "../../../src/model/options.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";

/** An address of loopback that stands for one of the internet. */
export const PUBLIC = "127.0.0.9";
export const reachWithPublic = (address: string): Reach => (address === PUBLIC ? "public" : reachOf(address));

export interface Running {
  readonly url: string;
  readonly port: number;
  readonly open: ReadonlySet<Socket>;
  /** Connections accepted so far. */
  readonly accepted: number;
}

/** A server on loopback that is gone, with its connections, when the test has ended. */
export async function listen(t: TestContext, server: Server, host = "127.0.0.1", scheme = "http"): Promise<Running> {
  const open = new Set<Socket>();
  const running = { url: "", port: 0, open, accepted: 0 };
  server.on("connection", (socket: Socket) => {
    running.accepted++;
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  running.port = (server.address() as AddressInfo).port;
  running.url = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${running.port}`;
  t.after(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of open) socket.destroy();
    await closed;
  });
  return running;
}

export function serve(t: TestContext, handler: RequestListener, host?: string): Promise<Running> {
  return listen(t, http.createServer(handler), host);
}

/** A server that does with each connection what `script` says, once a request has come. */
export function script(t: TestContext, answer: (socket: Socket) => void): Promise<Running> {
  return listen(
    t,
    net.createServer((socket) => socket.once("data", () => answer(socket))),
  );
}

export async function directory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), "multihome-sources-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Sources that write down what they say and find. */
export interface Heard {
  readonly sources: Sources;
  readonly clock: ManualClock;
  readonly warnings: string[];
  readonly infos: string[];
  readonly found: ListedProxies[];
  /** Everything that was ever said, with its fields. */
  readonly said: string[];
}

export function sourcesOf(t: TestContext, specs: readonly (string | ExitSource)[], deps: Partial<SourcesDeps> = {}): Heard {
  const clock = (deps.clock as ManualClock | undefined) ?? new ManualClock();
  const warnings: string[] = [];
  const infos: string[] = [];
  const found: ListedProxies[] = [];
  const said: string[] = [];
  const hear = (lines: string[]) => (message: string, fields?: object) => {
    lines.push(message);
    said.push(message, JSON.stringify(fields));
  };
  const sources = new Sources(specs, { refreshEveryMs: 600_000, onChange: (lists) => void found.push(lists), ...deps, clock, warn: hear(warnings), info: hear(infos) });
  t.after(() => sources.stop());
  return { sources, clock, warnings, infos, found, said };
}

/** A source that answers one after the other, and then the last one for ever. An error is thrown. */
export function answering(name: string, ...answers: (string[] | Error)[]): ExitSource & { reads: number } {
  const source = {
    name,
    reads: 0,
    async read() {
      const answer = answers[Math.min(source.reads++, answers.length - 1)];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return source;
}

export function proxyLines(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `203.0.${Math.floor((from + index) / 250)}.${(from + index) % 250}:1080`);
}

export function idsOf(lists: ListedProxies | undefined): string[] {
  return (lists?.listed ?? []).map(({ id }) => id);
}

/** Everything that `read` brings into an intake. */
export async function taken(read: (intake: ListIntake) => Promise<unknown>): Promise<ListContent> {
  const intake = new ListIntake(new UserIds());
  await read(intake);
  return intake.close();
}

/** Resolves when `condition` holds; fails loudly when it does not within ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Waited in vain: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
