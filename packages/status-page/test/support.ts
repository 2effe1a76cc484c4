import { once } from "node:events";
import { request as send, type IncomingHttpHeaders } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { createExitPool, type ExitPool, type ExitPoolOptions, type RequestInfo } from "@multihome/core";
import { ManualClock } from "@multihome/core/testing";
import type { Frame, Hello } from "../src/wire.ts";

export const HOST = "api.test";

export function get(path = "/"): RequestInfo {
  return { method: "GET", url: `http://${HOST}${path}`, host: HOST, path };
}

export async function openPool(options: ExitPoolOptions = {}, exits = 3): Promise<{ pool: ExitPool; clock: ManualClock }> {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { local: Array.from({ length: exits }, (_, i) => `127.0.1.${i + 1}`) }, clock, random: () => 0.5, ...options });
  await pool.ready();
  return { pool, clock };
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly bytes: Buffer;
}

/** A request with whatever headers, `host` included. */
export async function fetchRaw(url: string, { method = "GET", headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Got> {
  const request = send(url, { method, headers, agent: false });
  request.end(body);
  const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return { status: response.statusCode ?? 0, headers: response.headers, body: bytes.toString("utf8"), bytes };
}

export interface Stream {
  readonly status: number;
  /** Messages so far. */
  readonly frames: Frame[];
  readonly hello: Hello | undefined;
  readonly ended: boolean;
  /** Waits until `seen` holds. */
  until(seen: (stream: Stream) => boolean): Promise<void>;
  close(): void;
}

/** Looks, as a browser does. */
export async function openStream(url: string, headers: Record<string, string> = {}): Promise<Stream> {
  const request = send(`${url}?data=stream`, { headers, agent: false });
  request.on("error", () => {});
  request.end();
  const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
  const stream = { status: response.statusCode ?? 0, frames: [] as Frame[], hello: undefined as Hello | undefined, ended: false, until, close: () => request.destroy() };
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    const parts = (text + chunk).split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const event = /^event: (.*)$/m.exec(part)?.[1];
      const data = /^data: (.*)$/m.exec(part)?.[1];
      if (event === "hello") stream.hello = JSON.parse(data ?? "") as Hello;
      if (event === "frame") stream.frames.push(JSON.parse(data ?? "") as Frame);
    }
  });
  response.on("close", () => (stream.ended = true));
  async function until(seen: (now: Stream) => boolean): Promise<void> {
    // Sockets, and so real time: as long as a busy machine may need.
    for (let tries = 0; !seen(stream); tries++) {
      if (tries > 1_000) throw new Error("It never came.");
      await pause(10);
    }
  }
  return stream;
}
