import { ClosedError, type AdapterHost } from "@multihome/core";
import { ExitAgents, type StoreRules } from "./exit-agents.ts";
import type { UndiciModule } from "./undici.ts";

/** A dispatcher's part in the agents that it sends by. */
export interface StoreShare {
  readonly agents: ExitAgents;
  /** Once. Whoever is the last closes, or with an error destroys, the agents; the others leave them as they are. */
  release(error?: Error): Promise<void>;
}

interface Store {
  readonly agents: ExitAgents;
  users: number;
  readonly forget: () => void;
}

/** Pool → undici → with and without HTTP/2. */
const stores = new WeakMap<AdapterHost, Map<UndiciModule, Map<boolean, Store>>>();

/**
 * The agents for a dispatcher. Those without wishes of their own share them within a pool: a dispatcher made for one lease
 * finds the connections that the exit has already.
 */
export function shareStore(host: AdapterHost, undici: UndiciModule, rules: StoreRules): StoreShare {
  if (rules.agent !== undefined || rules.dispatcherFor !== undefined) return shareOf(open(host, undici, rules, () => {}));
  let ofUndici = stores.get(host);
  if (ofUndici === undefined) stores.set(host, (ofUndici = new Map()));
  let ofPool = ofUndici.get(undici);
  if (ofPool === undefined) ofUndici.set(undici, (ofPool = new Map()));
  const slots = ofPool;
  let store = slots.get(rules.allowH2);
  if (store === undefined) slots.set(rules.allowH2, (store = open(host, undici, rules, () => slots.delete(rules.allowH2))));
  return shareOf(store);
}

function open(host: AdapterHost, undici: UndiciModule, rules: StoreRules, forget: () => void): Store {
  const agents = new ExitAgents(host, undici, rules);
  const unregister = host.onClose(() => {
    forget();
    return agents.destroy(new ClosedError());
  });
  return {
    agents,
    users: 0,
    forget: () => {
      forget();
      unregister();
    },
  };
}

function shareOf(store: Store): StoreShare {
  store.users++;
  let held = true;
  return {
    agents: store.agents,
    release: async (error) => {
      if (!held) return;
      held = false;
      if (--store.users > 0) return;
      store.forget();
      await (error === undefined ? store.agents.close() : store.agents.destroy(error));
    },
  };
}
