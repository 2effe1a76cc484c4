import process from "node:process";
import { gotHooks } from "@multihome/got-hooks";
import type { Got, OptionsInit, Request, Response } from "got";
import { globalForm } from "./contract-axios.ts";
import { answerOf, headOf } from "./contract-client.ts";
import type { ContractClient, ContractRequest } from "./contract-client.ts";

/** The installed got, or the one under the alias that the environment names: the version matrix runs the suite with each. */
const { default: got, RequestError, AbortError, TimeoutError } = (await import(process.env["MULTIHOME_CONTRACT_GOT"] ?? "got")) as typeof import("got");

export const gotClient: ContractClient = {
  name: process.env["MULTIHOME_CONTRACT_GOT"] ?? "got",
  decompresses: true,
  hearsBodies: true,
  replaysText: true,
  letsGoOfSignals: true,
  through(pool) {
    const instance: Got = got.extend(gotHooks(pool), { retry: { limit: 0 }, throwHttpErrors: false });
    return {
      async send(url, request) {
        const response = (await instance(url, { ...optionsOf(request), responseType: "buffer" } as OptionsInit)) as Response<Buffer>;
        return answerOf(headOf(response.statusCode, response.headers), Buffer.from(response.body));
      },
      async open(url, request) {
        const stream: Request = instance.stream(url, optionsOf(request) as never);
        const { statusCode, headers } = await new Promise<{ statusCode: number; headers: Record<string, unknown> }>((resolve, reject) => {
          stream.once("response", resolve);
          stream.once("error", reject);
        });
        return { ...headOf(statusCode, headers), stream };
      },
    };
  },
  form: globalForm,
  isAbort: (error) => error instanceof AbortError,
  isTimeout: (error) => error instanceof TimeoutError,
  isOwn: (error) => error instanceof RequestError,
};

function optionsOf(request: ContractRequest = {}): OptionsInit {
  const { method = "GET", headers, body, signal, timeoutMs, redirect, hints } = request;
  return {
    method: method as "GET",
    ...(headers === undefined ? {} : { headers: { ...headers } }),
    ...(body === undefined ? {} : { body: body as string }),
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeout: { request: timeoutMs } }),
    ...(redirect === "manual" ? { followRedirect: false } : {}),
    ...(hints === undefined ? {} : { context: { multihome: hints } }),
  };
}
