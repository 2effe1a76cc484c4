import { MultihomeError, type ExitPool } from "@multihome/core";
import { exitAgents } from "@multihome/core/node-http";
import axios from "axios";
import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from "axios";
import type { RequiredAxiosAdapter, RequiredAxiosLibrary } from "./commonjs.cts";
import type { Context } from "./context.ts";
import { Deadlines } from "./deadlines.ts";
import { refusal } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { checkLibrary } from "./library.ts";
import type { AxiosLibrary } from "./library.ts";
import { originOf } from "./origin.ts";
import { unsupported } from "./unsupported.ts";

export interface AxiosAdapterOptions {
  /**
   * Your own copy of axios, where it is not the one that `import axios from "axios"` finds from here: a program that has
   * `require`d it, or that has two. Errors and headers are made by this copy, so that `instanceof AxiosError` holds.
   *
   * @default the peer that is installed
   */
  axios?: AxiosLibrary | RequiredAxiosLibrary;
  /**
   * What sends each attempt, in place of axios's http adapter: one that wraps it, or a mock. It has to send by
   * `config.httpAgent` and `config.httpsAgent`, and to end when `config.signal` says so.
   *
   * @default axios's own http adapter
   */
  adapter?: AxiosAdapter | RequiredAxiosAdapter;
}

/** One adapter for programs that import axios and for those that require it: axios declares itself twice, and not every version's two declarations go together. */
export type ExitAdapter = AxiosAdapter & RequiredAxiosAdapter;

const OPTIONS: Record<keyof AxiosAdapterOptions, true> = { axios: true, adapter: true };

/**
 * An adapter for `axios.create({ adapter })`, `axios.defaults.adapter` or one request, by which every attempt leaves through
 * an exit of the pool. Everything else stays with axios's own http adapter, and means what it means there; see docs/axios.md
 * for the few options that cannot be honoured.
 *
 * @throws MultihomeError `MH_ERR_CONFIG` for a version of axios that it cannot work with
 */
export function axiosAdapter(pool: ExitPool, options: AxiosAdapterOptions = {}): ExitAdapter {
  if (pool?.adapterHost === undefined) throw new MultihomeError("MH_ERR_CONFIG", "axiosAdapter expects the pool that createExitPool has made as its first argument.");
  pool.adapterHost.checkOptionNames("axiosAdapter", options, OPTIONS);
  const library = checkLibrary(options.axios ?? axios);
  const host = pool.adapterHost;
  const context: Context = { pool, deadlines: new Deadlines(host.clock), agents: exitAgents(host), axios: library, send: (options.adapter as AxiosAdapter | undefined) ?? library.getAdapter("http") };
  const adapter: AxiosAdapter = (config) => dispatch(context, config);
  return adapter as ExitAdapter;
}

function dispatch(context: Context, config: InternalAxiosRequestConfig): Promise<AxiosResponse> {
  const { axios: library } = context;
  const refused = unsupported(config);
  if (refused !== undefined) return Promise.reject(refusal(library, refused, config));
  const origin = originOf(config);
  switch (origin?.protocol) {
    case "http:":
    case "https:":
      break;
    case undefined:
      return Promise.reject(refusal(library, "The request's URL is not absolute or not valid, so nobody can say where it goes. Give an absolute `url`, or a `baseURL`.", config));
    case "data:":
      // Decoded where it is; nothing leaves.
      return context.send(config);
    default:
      return Promise.reject(new library.AxiosError(`Unsupported protocol ${origin?.protocol}`, library.AxiosError.ERR_BAD_REQUEST, config));
  }
  const timeoutMs = config.timeout ? Number.parseInt(String(config.timeout), 10) : 0;
  if (Number.isNaN(timeoutMs) || timeoutMs < 0) {
    return Promise.reject(new library.AxiosError("error trying to parse `config.timeout` to int", library.AxiosError.ERR_BAD_OPTION_VALUE, config));
  }
  return new Promise((resolve, reject) => new Exchange(context, config, origin, timeoutMs, resolve, reject).begin());
}
