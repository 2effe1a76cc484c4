import { describe, test } from "node:test";
import { ONE_LEG, Room } from "./contract-room.ts";
import type { Variant } from "./contract-room.ts";
import type { ContractClient } from "./contract-client.ts";

/** What every client has to do, and how it is judged: by what the server saw. */
export interface Case {
  readonly title: string;
  /** @default one leg by a local address */
  readonly on?: readonly Variant[];
  run(room: Room): Promise<void>;
}

export interface Group {
  readonly title: string;
  readonly cases: readonly Case[];
}

/** For ever, on any machine: a case that waits in vain is to be named before its file is ended. */
const CASE_TIMEOUT_MS = 30_000;

export function contract(client: ContractClient, groups: readonly Group[]): void {
  for (const group of groups) {
    describe(`${client.name}: ${group.title}`, () => {
      for (const { title, on = ONE_LEG, run } of group.cases) {
        for (const variant of on) {
          const name = on.length === 1 ? title : `${title} (${variant.way}, ${variant.legs === 1 ? "one leg" : "two legs"})`;
          test(name, { timeout: CASE_TIMEOUT_MS }, (t) => run(new Room(t, client, variant)));
        }
      }
    });
  }
}
