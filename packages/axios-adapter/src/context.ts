import type { ExitPool } from "@multihome/core";
import type { ExitAgents } from "@multihome/core/node-http";
import type { AxiosAdapter } from "axios";
import type { Deadlines } from "./deadlines.ts";
import type { AxiosLibrary } from "./library.ts";

/** What all requests of one adapter share. */
export interface Context {
  readonly pool: ExitPool;
  readonly deadlines: Deadlines;
  readonly agents: ExitAgents;
  readonly axios: AxiosLibrary;
  /** axios's own http adapter, or what was given in its place. */
  readonly send: AxiosAdapter;
}
