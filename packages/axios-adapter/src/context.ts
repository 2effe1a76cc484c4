import type { Clock, ExitPool } from "@multihome/core";
import type { ExitAgents } from "@multihome/core/node-http";
import type { AxiosAdapter } from "axios";
import type { AxiosLibrary } from "./library.ts";

/** What all requests of one adapter share. */
export interface Context {
  readonly pool: ExitPool;
  readonly clock: Clock;
  readonly agents: ExitAgents;
  readonly axios: AxiosLibrary;
  /** axios's own http adapter, or what was given in its place. */
  readonly send: AxiosAdapter;
}
