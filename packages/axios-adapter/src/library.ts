import { MultihomeError } from "@multihome/core";
import type { AxiosStatic } from "axios";
import type { RequiredAxiosLibrary } from "./commonjs.cts";

/** What is needed of axios, taken from the user's own copy: errors of another copy are not `instanceof` his. */
export type AxiosLibrary = Pick<AxiosStatic, "Axios" | "AxiosError" | "AxiosHeaders" | "CanceledError" | "VERSION" | "getAdapter" | "isAxiosError" | "isCancel">;

/** 1.7 is the first whose http adapter can be had by name (`getAdapter`) and asks agents for every hop of a redirect. */
const OLDEST: readonly [major: number, minor: number] = [1, 7];

/** @throws MultihomeError `MH_ERR_CONFIG` that names the version, where this copy of axios cannot be used */
export function checkLibrary(library: AxiosLibrary | RequiredAxiosLibrary): AxiosLibrary {
  const version: unknown = (library as Partial<AxiosLibrary> | undefined)?.VERSION;
  const [major, minor] = typeof version === "string" ? version.split(".").map(Number) : [];
  if (major === OLDEST[0] && minor >= OLDEST[1]) return library as AxiosLibrary; // One axios, declared twice.
  const found = typeof version === "string" ? `axios ${version}` : "something without a VERSION";
  throw new MultihomeError("MH_ERR_CONFIG", `@multihome/axios-adapter works with axios ${OLDEST.join(".")} and later versions 1, found ${found}. Install a newer axios, or pass yours as \`axiosAdapter(pool, { axios })\`.`);
}
