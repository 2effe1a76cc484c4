import type { Hints, RequestInfo } from "@multihome/core";
import type { AxiosInstance, InternalAxiosRequestConfig } from "axios";
import { isReplayable, visibleBody } from "./body.ts";
import type { Context } from "./context.ts";
import type { Origin } from "./origin.ts";

/** An axios config as the pool sees it. What costs something is made when it is asked for: many targets have no weights. */
export class ConfigRequest implements RequestInfo {
  readonly method: string;
  readonly host: string;
  readonly replayable: boolean;
  readonly hints: Hints | undefined;
  readonly #context: Context;
  readonly #config: InternalAxiosRequestConfig;
  readonly #origin: Origin;

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

  get path(): string {
    const { url, baseURL, params, paramsSerializer, allowAbsoluteUrls } = this.#config;
    const uri = uriBuilderOf(this.#context).getUri({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls });
    const start = uri.indexOf("//") + 2;
    const path = /[/?#\\]/.exec(uri.slice(start));
    if (path === null) return "/";
    const rest = uri.slice(start + path.index).split("#", 1)[0];
    return rest.startsWith("/") ? rest : `/${rest}`;
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
}

const builders = new WeakMap<Context, Pick<AxiosInstance, "getUri">>();

/** An axios without defaults: merging them would be most of the cost of `getUri`. */
function uriBuilderOf(context: Context): Pick<AxiosInstance, "getUri"> {
  let builder = builders.get(context);
  if (builder === undefined) builders.set(context, (builder = new context.axios.Axios({})));
  return builder;
}
