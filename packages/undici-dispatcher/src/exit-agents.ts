import { EventEmitter } from "node:events";
import type { AdapterHost, Exit } from "@multihome/core";
import { settingsFor } from "./agent-settings.ts";
import { connectorFor } from "./connector.ts";
import { ExitAgent, NOBODY_WAITS, type SocketCount } from "./exit-agent.ts";
import type { AgentOptions, ExitDispatcherOptions, InnerOptions } from "./options.ts";
import type { InnerDispatcher, UndiciModule } from "./undici.ts";

/** Exits whose agents are kept while nobody uses them: about 4 kB each, sockets not counted. */
const MOST_AGENTS = 4_096;

/** Where there are too many, so much of the limit is cleared at once: looking for the longest idle takes longer than closing them. */
const CLEARED_AT_ONCE = 1 / 8;

/** What undici's agents tell of their connections, and so do we. */
export const CONNECTION_EVENTS = ["connect", "disconnect", "connectionError"] as const;

/** How the agents of a store are made. */
export interface StoreRules {
  readonly allowH2: boolean;
  readonly agent: AgentOptions | undefined;
  readonly dispatcherFor: ExitDispatcherOptions["dispatcherFor"];
}

/**
 * exit → agent. Connections are kept alive by exit and by nothing else. An exit that has never been used costs nothing; of
 * those that nobody uses, the longest idle go first when there are too many of them or too many sockets. One that is in use
 * is never closed: how much may be in flight is the pool's decision.
 */
export class ExitAgents implements SocketCount {
  /** Emits the events of all agents, with the dispatcher that is theirs. */
  readonly events = new EventEmitter().setMaxListeners(0);
  readonly #host: AdapterHost;
  readonly #undici: UndiciModule;
  readonly #rules: StoreRules;
  readonly #mostSockets: number;
  readonly #mostAgents: number;
  // By object: a proxy that comes back with another password is another exit, and must not find the old one's connections.
  readonly #agents = new Map<Exit, ExitAgent>();
  /** Where one dispatcher of the user's own serves all exits: nothing is kept of each, and its owner closes it. */
  readonly #common: ExitAgent | undefined;
  /** On their way to being closed. */
  readonly #ending = new Set<Promise<unknown>>();
  #sockets = 0;
  /** Counted up with each use: which agent has been idle longest. */
  #turn = 0;

  constructor(host: AdapterHost, undici: UndiciModule, rules: StoreRules) {
    this.#host = host;
    this.#undici = undici;
    this.#rules = rules;
    this.#mostSockets = host.maxSockets;
    this.#mostAgents = Math.max(1, Math.min(host.maxSockets, MOST_AGENTS));
    const { dispatcherFor } = rules;
    this.#common = typeof dispatcherFor === "object" ? new ExitAgent(undefined, () => dispatcherFor, this) : undefined;
  }

  /** Sockets open over all exits, idle ones included. */
  get sockets(): number {
    return this.#sockets;
  }

  /** Exits with an agent. */
  get size(): number {
    return this.#agents.size;
  }

  /** The agent of an exit, which is in use from now on until `leave`. @throws InvalidArgumentError where its options conflict with it */
  take(exit: Exit): ExitAgent {
    if (this.#common !== undefined) return this.#common;
    const agent = this.#agents.get(exit) ?? this.#make(exit);
    agent.uses++;
    agent.turn = ++this.#turn;
    return agent;
  }

  leave(agent: ExitAgent): void {
    if (agent === this.#common) return;
    if (--agent.uses === 0 && (this.#sockets > this.#mostSockets || this.#agents.size > this.#mostAgents)) this.#shrink();
  }

  opened(agent: ExitAgent): void {
    if (agent.retired) return;
    if (++this.#sockets > this.#mostSockets) this.#shrink();
  }

  closed(agent: ExitAgent): void {
    if (!agent.retired) this.#sockets--;
  }

  /** Lets what runs end; resolves when every socket is closed. */
  async close(): Promise<void> {
    for (const agent of [...this.#agents.values()]) this.#retire(agent, (dispatcher) => dispatcher.close());
    await Promise.all([...this.#ending]);
  }

  /** Ends everything, also what is still connecting. */
  async destroy(error: Error): Promise<void> {
    for (const agent of [...this.#agents.values()]) {
      agent.abortConnects(error);
      this.#retire(agent, (dispatcher) => dispatcher.destroy(error));
    }
    await Promise.all([...this.#ending]);
  }

  #make(exit: Exit): ExitAgent {
    const { allowH2, agent: common, dispatcherFor } = this.#rules;
    const agent = new ExitAgent(exit, (observer) => {
      const settings = settingsFor(exit, common, this.#host.agentOptions(exit), this.#host.connectTimeoutMs, this.#undici);
      const options: InnerOptions = { ...settings.agent, allowH2, pipelining: 1, connect: connectorFor(exit, settings.connect, allowH2, this.#host, observer) };
      return typeof dispatcherFor === "function" ? dispatcherFor(exit, options) : new this.#undici.Agent(options as never);
    }, this);
    this.#listen(agent.dispatcher);
    if (this.#agents.size >= this.#mostAgents) this.#shrink();
    this.#agents.set(exit, agent);
    return agent;
  }

  #listen(dispatcher: InnerDispatcher): void {
    for (const event of CONNECTION_EVENTS) {
      dispatcher.on?.(event as never, ((...args: unknown[]) => this.events.emit(event, ...args)) as never);
    }
  }

  /** Closes those that have been idle longest, down to somewhat below the limits. */
  #shrink(): void {
    const agents = Math.ceil(this.#mostAgents * (1 - CLEARED_AT_ONCE));
    const sockets = Math.ceil(this.#mostSockets * (1 - CLEARED_AT_ONCE));
    const idle = [...this.#agents.values()].filter(({ uses }) => uses === 0).toSorted((a, b) => a.turn - b.turn);
    for (const agent of idle) {
      const crowded = this.#agents.size > agents;
      if (!crowded && this.#sockets <= sockets) return;
      // One without sockets frees none.
      if (!crowded && agent.sockets === 0) continue;
      // Queued there are at most requests that have been given up: what connects for them need not arrive.
      agent.abortConnects(NOBODY_WAITS);
      this.#retire(agent, (dispatcher) => dispatcher.close());
    }
  }

  #retire(agent: ExitAgent, end: (dispatcher: InnerDispatcher) => Promise<void>): void {
    agent.retired = true;
    // Counted out now: "close" comes in a later turn, and until then the next one would have to go, too.
    this.#sockets -= agent.sockets;
    this.#agents.delete(agent.exit as Exit);
    // Where it fails, somebody else has closed it before us: all that was wanted.
    const ending: Promise<void> = end(agent.dispatcher).catch(() => {});
    this.#ending.add(ending);
    void ending.then(() => this.#ending.delete(ending));
  }
}
