import process from "node:process";
import type { Readable } from "node:stream";
import { axiosAdapter } from "@multihome/axios-adapter";
import type { AxiosRequestConfig, AxiosResponse } from "axios";
import { answerOf, headOf } from "./contract-client.ts";
import type { ContractClient, ContractRequest } from "./contract-client.ts";

const installed = process.env["MULTIHOME_CONTRACT_AXIOS"] ?? "axios";
/** The installed axios, or the one under the alias that the environment names: the version matrix runs the suite with each. */
const { default: axios } = (await import(installed)) as typeof import("axios");

export const axiosClient: ContractClient = {
  name: `axios ${axios.VERSION}`,
  decompresses: true,
  hearsBodies: true,
  replaysText: true,
  letsGoOfSignals: true,
  through(pool) {
    const instance = axios.create({ adapter: axiosAdapter(pool, { axios }), validateStatus: null });
    return {
      async send(url, request) {
        const response: AxiosResponse<Buffer> = await instance.request({ ...configOf(url, request), responseType: "arraybuffer" });
        return answerOf(headOf(response.status, response.headers), Buffer.from(response.data));
      },
      async open(url, request) {
        const response: AxiosResponse<Readable> = await instance.request({ ...configOf(url, request), responseType: "stream" });
        return { ...headOf(response.status, response.headers), stream: response.data };
      },
    };
  },
  form: globalForm,
  isAbort: (error) => axios.isCancel(error),
  isTimeout: (error) => axios.isAxiosError(error) && error.code === "ECONNABORTED",
  isOwn: (error) => axios.isAxiosError(error) || axios.isCancel(error),
};

export function globalForm(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

function configOf(url: string, request: ContractRequest = {}): AxiosRequestConfig {
  const { method = "GET", headers, body, signal, timeoutMs, redirect, hints } = request;
  return {
    url,
    method,
    ...(headers === undefined ? {} : { headers: { ...headers } }),
    ...(body === undefined ? {} : { data: body }),
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(redirect === "manual" ? { maxRedirects: 0 } : {}),
    ...(hints === undefined ? {} : { multihome: hints }),
  };
}
