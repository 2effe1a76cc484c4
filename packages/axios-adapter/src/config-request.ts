import type { Hints, RequestInfo } from "@multihome/core";
import type { Origin } from "@multihome/core/connect";
import type { AxiosInstance, InternalAxiosRequestConfig } from "axios";
import { isReplayable, visibleBody } from "./body.ts";
import type { Context } from "./context.ts";
import { pathOf } from "./origin.ts";

/** An axios config as the pool sees it. What costs something is made when it is asked for: many targets have no weights. */
export class ConfigRequest implements RequestInfo {
  readonly method: string;
  readonly host: string;
  readonly replayable: boolean;
  readonly hints: Hints | undefined;
  readonly #context: Context;
  readonly #config: InternalAxiosRequestConfig;
  readonly #origin: Origin;
  #path: string | undefined;

  constructor(context: Context, config: InternalAxiosRequestConfig, origin: Origin) {
    this.#context = context;
    this.#config = config;
    this.#origin = origin;
    this.method = config.method === undefined || config.method === "get" ? "GET" : config.method.toUpperCase();
    this.host = origin.host;
    this.replayable = isReplayable(config.data);
    // Progress of several uploads at once would make no sense to anybody.
    this.hints = config.onUploadProgress ? { ...config.multihome, race: 1 } : config.multihome;
  }

  get url(): string {
    return `${this.#origin.protocol}//${this.host}${this.path}`;
  }

  /** Kept: rules of the user's may read it more than once. */
  get path(): string {
    return (this.#path ??= this.#makePath());
  }

  get headers(): Record<string, string> {
    const { headers, auth } = this.#config;
    const sent = this.#context.axios.AxiosHeaders.from(headers).toJSON() as Record<string, string>;
    // The http adapter makes a header of it, in place of one that was given.
    if (auth) sent.authorization = `Basic ${Buffer.from(`${auth.username ?? ""}:${auth.password ?? ""}`).toString("base64")}`;
    return sent;
  }

  get body(): string | Uint8Array | null | undefined {
    return visibleBody(this.#config.data);
  }

  #makePath(): string {
    const config = this.#config;
    const { url, baseURL, params, paramsSerializer, allowAbsoluteUrls } = config;
    if (!params) return pathOf(config);
    const query = paramsSerializer ? undefined : plainQuery(params);
    if (query === undefined) return pathOf({ ...config, baseURL: undefined, url: uriBuilderOf(this.#context).getUri({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls }) });
    const path = pathOf(config);
    return query === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`;
  }
}

/** `a=1&b=x` of params that are plain values; `undefined` of any others, whose form is axios's own business. */
function plainQuery(params: unknown): string | undefined {
  if (typeof params !== "object" || params === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(params);
  if (prototype !== null && prototype !== Object.prototype) return undefined;
  let query = "";
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue;
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
    query += `${query === "" ? "" : "&"}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  }
  return query;
}

const builders = new WeakMap<Context, Pick<AxiosInstance, "getUri">>();

/** An axios without defaults: merging them would be most of the cost of `getUri`. */
function uriBuilderOf(context: Context): Pick<AxiosInstance, "getUri"> {
  let builder = builders.get(context);
  if (builder === undefined) builders.set(context, (builder = new context.axios.Axios({})));
  return builder;
}
