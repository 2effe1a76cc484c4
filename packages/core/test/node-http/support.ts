import http from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import https from "node:https";
import type { TestContext } from "node:test";
import type { Exit } from "../../src/model/exit.ts";
import type { AdapterHost } from "../../src/model/pool.ts";
import { ExitAgents } from "../../src/node-http/index.ts";
import type { AgentPair } from "../../src/node-http/index.ts";
import { SocketCounts } from "../../src/observe/socket-counts.ts";
import { systemClock } from "../../src/time/clock.ts";

/** What agents need of a pool, with whatever a test wants to be different. */
export function hostWith(overrides: Partial<AdapterHost> = {}): AdapterHost {
  return {
    connectTimeoutMs: 8_000,
    agentOptions: () => undefined,
    hints: () => undefined,
    onClose: () => () => {},
    closed: false,
    clock: systemClock,
    checkOptionNames: () => {},
    maxSockets: 1_000,
    sockets: new SocketCounts(),
    ...overrides,
  };
}

export function makeAgents(t: TestContext, overrides?: Partial<AdapterHost>): ExitAgents {
  const agents = new ExitAgents(hostWith(overrides));
  t.after(() => agents.close());
  return agents;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly request: ClientRequest;
}

/** One GET by plain node:http, read to its end. */
export function get(agents: AgentPair, url: string, options: RequestOptions & https.RequestOptions = {}): Promise<Answer> {
  return answerTo(begin(agents, url, options));
}

export function begin(agents: AgentPair, url: string, options: RequestOptions & https.RequestOptions = {}): ClientRequest {
  const secure = url.startsWith("https:");
  return secure ? https.get(url, { ...options, agent: agents.https }) : http.get(url, { ...options, agent: agents.http });
}

export function answerTo(request: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response: IncomingMessage) => {
      let body = "";
      response.on("data", (chunk) => (body += String(chunk)));
      response.on("error", reject);
      // A turn later the socket has been given back to its agent.
      response.on("end", () => setImmediate(() => resolve({ status: response.statusCode ?? 0, body, headers: response.headers, request })));
    });
  });
}

/** The events of a request, in order, until `close`. */
export function eventsOf(request: ClientRequest): Promise<{ events: string[]; error: unknown }> {
  return new Promise((resolve) => {
    const events: string[] = [];
    let error: unknown;
    request.on("error", (failure) => {
      events.push("error");
      error = failure;
    });
    request.on("abort", () => events.push("abort"));
    request.on("close", () => {
      events.push("close");
      resolve({ events, error });
    });
  });
}

export function who(answer: Answer): { ip: string; port: number; url: string } {
  return JSON.parse(answer.body);
}

export function localExits(count: number): Exit[] {
  return Array.from({ length: count }, (_, i) => ({ id: `127.0.1.${i + 1}`, kind: "local", address: `127.0.1.${i + 1}` }));
}
