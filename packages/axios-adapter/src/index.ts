import type { Hints } from "@multihome/core";

export { axiosAdapter } from "./adapter.ts";
export type { AxiosAdapterOptions, ExitAdapter } from "./adapter.ts";
export type { RequiredAxiosAdapter, RequiredAxiosLibrary } from "./commonjs.cts";
export type { AxiosLibrary } from "./library.ts";

declare module "axios" {
  interface AxiosRequestConfig {
    /** What to say about this request to the pool behind `axiosAdapter`: kind, priority, affinity, race, weight, target, lease. */
    multihome?: Hints;
  }
}
