import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import { LRUCache } from "lru-cache";
import { ClosedError } from "../errors.ts";
import type { Exit } from "../model/exit.ts";
import type { AdapterHost } from "../model/pool.ts";
import { HttpExitAgent, HttpsExitAgent } from "./exit-agent.ts";
import type { ExitAgentClass, ExitDial } from "./exit-agent.ts";
import { LegAgents } from "./leg-agents.ts";
import type { LegOptions } from "./leg-agents.ts";
import type { PoolAgent } from "./pool-hooks.ts";
import { SocketCap } from "./socket-cap.ts";

/** Exits whose agents are kept: about 3 kB each, sockets not counted. Every address of the largest range that is expanded (/20) has its own. */
const MOST_EXITS = 4_096;

/** The agents of one exit: real ones, for clients of one's own. */
export interface AgentPair {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/**
 * exit → agents. Sockets are kept alive by exit and by nothing else, so that a kept one never serves another exit. Exits
 * that have not been used cost nothing here; least recently used ones lose their agents, but what runs through these ends
 * in peace.
 */
export class ExitAgents {
  readonly #host: AdapterHost;
  readonly #cap: SocketCap;
  // By object: a proxy that comes back with another password is another exit, and must not find the old one's sockets.
  readonly #pairs: LRUCache<Exit, LazyPair>;

  constructor(host: AdapterHost) {
    this.#host = host;
    this.#cap = new SocketCap(host.maxSockets);
    this.#pairs = new LRUCache<Exit, LazyPair>({ max: Math.max(1, Math.min(host.maxSockets, MOST_EXITS)), dispose: (pair) => pair.drain() });
  }

  /** Sockets open and on their way, over all exits, idle ones included. */
  get sockets(): number {
    return this.#cap.size;
  }

  /** The agents of an exit; the same ones until they have been evicted, and good for use after that, too. */
  of(exit: Exit): AgentPair {
    let pair = this.#pairs.get(exit);
    if (pair === undefined) {
      pair = new LazyPair({ exit, cap: this.#cap, clock: this.#host.clock, counts: this.#host.sockets, connectTimeoutMs: this.#host.connectTimeoutMs, drained: false }, () => this.#host.agentOptions(exit) ?? {});
      this.#pairs.set(exit, pair);
    }
    return pair;
  }

  /** The agents that one leg hands to its client. */
  view(exit: Exit, options?: LegOptions): LegAgents {
    return new LegAgents(this.of(exit), options);
  }

  /** Ends what is connecting, closes every socket, and opens no more. */
  close(): void {
    this.#cap.close(new ClosedError());
    this.#pairs.clear();
  }
}

/** Each agent is made when it is first asked for: most exits speak to one scheme only. */
class LazyPair implements AgentPair {
  readonly #dial: ExitDial;
  readonly #options: () => object;
  #http: PoolAgent | undefined;
  #https: PoolAgent | undefined;

  constructor(dial: ExitDial, options: () => object) {
    this.#dial = dial;
    this.#options = options;
  }

  get http(): HttpAgent {
    return (this.#http ??= this.#make(HttpExitAgent));
  }

  get https(): HttpsAgent {
    const made: unknown = (this.#https ??= this.#make(HttpsExitAgent));
    return made as HttpsAgent;
  }

  /**
   * Keeps nothing from now on. Sockets in use are closed by Node when their responses end; whoever holds the agents still
   * can go on using them, with a connection for each request.
   */
  drain(): void {
    this.#dial.drained = true;
    for (const agent of [this.#http, this.#https]) {
      if (agent === undefined) continue;
      stopKeeping(agent);
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of [...(sockets ?? [])]) this.#dial.cap.destroy(socket);
    }
  }

  #make(Agent: ExitAgentClass): PoolAgent {
    const agent = new Agent(this.#dial, this.#options());
    if (this.#dial.drained) stopKeeping(agent);
    return agent;
  }
}

/** Requests then say `Connection: close`, and the server need not wait for more. */
function stopKeeping(agent: PoolAgent): void {
  agent.keepAlive = false;
}

const agentsOfHosts = new WeakMap<AdapterHost, ExitAgents>();

/** The agents of a pool, shared by all its adapters and leases, and closed with it. */
export function exitAgents(host: AdapterHost): ExitAgents {
  let agents = agentsOfHosts.get(host);
  if (agents === undefined) {
    const made = new ExitAgents(host);
    agentsOfHosts.set(host, (agents = made));
    if (host.closed) made.close();
    else host.onClose(() => made.close());
  }
  return agents;
}
