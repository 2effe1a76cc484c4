// In TypeScript a CommonJS program has axios's types from index.d.cts: other declarations of the same names, which know nothing of what index.ts says of index.d.ts.
import type { Hints } from "@multihome/core" with { "resolution-mode": "import" };
import type { AxiosAdapter, AxiosStatic } from "axios";

/** axios as `require` gives it, in the types that it has there. */
export type RequiredAxiosLibrary = Pick<AxiosStatic, "Axios" | "AxiosError" | "AxiosHeaders" | "CanceledError" | "VERSION" | "getAdapter" | "isAxiosError" | "isCancel">;

/** An adapter in the types that `require("axios")` has. */
export type RequiredAxiosAdapter = AxiosAdapter;

declare module "axios" {
  interface AxiosRequestConfig {
    /** What to say about this request to the pool behind `axiosAdapter`: kind, priority, affinity, race, weight, target, lease. */
    multihome?: Hints;
  }
}
