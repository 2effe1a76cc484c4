import { Readable } from "node:stream";
import process from "node:process";
import { createExitDispatcher } from "@multihome/undici-dispatcher";
import type { ExitPool } from "@multihome/core";
import { globalForm } from "./contract-axios.ts";
import { answerOf, headOf, readAll } from "./contract-client.ts";
import type { Answer, ContractClient, ContractRequest, OpenAnswer, Sender } from "./contract-client.ts";

/** The installed undici, or the one under the alias that the environment names: the version matrix runs the suite with each. */
const undici = (await import(process.env["MULTIHOME_CONTRACT_UNDICI"] ?? "undici")) as typeof import("undici");
const version = process.env["MULTIHOME_CONTRACT_UNDICI"] ?? "undici";

export const undiciClient: ContractClient = {
  name: `${version}.request`,
  decompresses: false,
  hearsBodies: true,
  replaysText: true,
  letsGoOfSignals: true,
  through(pool) {
    const plain = createExitDispatcher(undici, pool);
    const following = plain.compose(undici.interceptors.redirect({ maxRedirections: 10 }));
    return reading(async (url, request = {}) => {
      const { method = "GET", headers, body, signal, timeoutMs, redirect, hints } = request;
      const { statusCode, headers: received, body: stream } = await undici.request(url, {
        dispatcher: redirect === "follow" ? following : plain,
        method,
        ...(headers === undefined ? {} : { headers: { ...headers } }),
        ...(body === undefined ? {} : { body: body as string }),
        ...(signal === undefined ? {} : { signal }),
        ...(timeoutMs === undefined ? {} : { headersTimeout: timeoutMs, bodyTimeout: timeoutMs }),
        ...(hints === undefined ? {} : { multihome: hints }),
      });
      return { ...headOf(statusCode, received), stream };
    });
  },
  form(fields) {
    const form = new undici.FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    return form;
  },
  isAbort: isAbortError,
  isTimeout: (error) => error instanceof undici.errors.HeadersTimeoutError || error instanceof undici.errors.BodyTimeoutError,
  // What the connection says comes as it is.
  isOwn: (error) => error instanceof Error,
};

export const fetchClient: ContractClient = {
  name: `built-in fetch through ${version}`,
  decompresses: true,
  hearsBodies: false,
  replaysText: false,
  letsGoOfSignals: false,
  through(pool) {
    const dispatcher = createExitDispatcher(undici, pool);
    return reading(async (url, request = {}) => {
      const response = await withHints(pool, request, () => fetch(url, initOf(request, dispatcher)));
      const cookies = response.headers.getSetCookie();
      const stream = response.body === null ? Readable.from([]) : Readable.fromWeb(response.body as never);
      return { status: response.status, header: (name) => response.headers.get(name) ?? undefined, cookies: () => cookies, stream };
    });
  },
  form: globalForm,
  isAbort: isAbortError,
  isTimeout: (error) => error instanceof Error && error.name === "TimeoutError",
  isOwn: (error) => error instanceof TypeError || isAbortError(error),
};

function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function reading(open: (url: string, request?: ContractRequest) => Promise<OpenAnswer>): Sender {
  return {
    open,
    async send(url, request): Promise<Answer> {
      const answer = await open(url, request);
      return answerOf(answer, await readAll(answer.stream));
    },
  };
}

/** fetch drops what it does not know, so hints stand around it. */
function withHints<T>(pool: ExitPool, { hints }: ContractRequest, send: () => T): T {
  return hints === undefined ? send() : pool.with(hints, send);
}

function initOf(request: ContractRequest, dispatcher: unknown): RequestInit {
  const { method = "GET", headers, body, signal, timeoutMs, redirect } = request;
  const ends = [...(signal === undefined ? [] : [signal]), ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)])];
  return {
    method,
    dispatcher,
    ...(headers === undefined ? {} : { headers: { ...headers } }),
    ...(body === undefined ? {} : { body: body instanceof Readable ? Readable.toWeb(body) : body, duplex: "half" }),
    ...(ends.length === 0 ? {} : { signal: ends.length === 1 ? ends[0] : AbortSignal.any(ends) }),
    ...(redirect === undefined ? {} : { redirect }),
  } as RequestInit;
}
