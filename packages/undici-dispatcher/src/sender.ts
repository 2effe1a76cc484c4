import { MultihomeError, type ExitPool, type Hints, type Leg } from "@multihome/core";
import { inTheirWords } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import type { ExitAgent } from "./exit-agent.ts";
import { LegacyHandler } from "./legacy-handler.ts";
import { ModernLegHandler, OldLegHandler, type LegHandlerClass } from "./leg-dialects.ts";
import type { LegHandler } from "./leg-handler.ts";
import type { ExitDispatcherOptions } from "./options.ts";
import { originOf } from "./origins.ts";
import type { Options } from "./request-view.ts";
import { shareStore, type StoreShare } from "./stores.ts";
import { dialectOf, type Handler, type OldHandler, type UndiciModule } from "./undici.ts";

/** What is worked out once for each undici. */
interface Spoken {
  /** What its agents are told with. */
  readonly legHandler: LegHandlerClass;
  /** What it hands its handlers at the start. */
  readonly context: null | undefined;
}

const spokenBy = new WeakMap<UndiciModule, Spoken>();

/** The work of one dispatcher; the class that callers see is as thin as `compose`, which stands a Proxy before it, demands. */
export class Sender {
  readonly pool: ExitPool;
  readonly undici: UndiciModule;
  readonly context: null | undefined;
  readonly share: StoreShare;
  /** Hints that hold for each request. */
  readonly common: Hints | undefined;
  closed = false;
  destroyed = false;
  readonly #legHandler: LegHandlerClass;
  /** Agents that connect by our connector tell when a leg stops waiting. */
  readonly #connects: boolean;
  #first: Exchange | undefined;
  #onIdle: (() => void) | undefined;

  constructor(undici: UndiciModule, pool: ExitPool, options: ExitDispatcherOptions) {
    this.undici = undici;
    this.pool = pool;
    const spoken = spokenOf(undici);
    this.context = spoken.context;
    const { lease, dispatcherFor, agent } = options;
    // Dispatchers of the user's own may be of any make: today's dialect is the one that all of them take.
    this.#legHandler = dispatcherFor === undefined ? spoken.legHandler : ModernLegHandler;
    this.#connects = typeof dispatcherFor !== "object";
    this.common = lease === undefined ? undefined : { lease };
    this.share = shareStore(pool.adapterHost, undici, { allowH2: options.allowH2 ?? agent?.allowH2 === true, agent, dispatcherFor });
  }

  dispatch(options: Options, handler: Handler | OldHandler): true {
    if (typeof handler !== "object" || handler === null) throw new this.undici.errors.InvalidArgumentError("handler must be an object");
    const told = typeof (handler as Handler).onRequestStart === "function" ? (handler as Handler) : new LegacyHandler(handler);
    if (this.closed || this.destroyed) return this.#refuse(told, this.destroyed ? new this.undici.errors.ClientDestroyedError() : new this.undici.errors.ClientClosedError());
    if (typeof options !== "object" || options === null) return this.#refuse(told, new this.undici.errors.InvalidArgumentError("opts must be an object."));
    const origin = originOf(options.origin);
    if (origin === undefined || typeof options.socketPath === "string") return this.#refuse(told, this.#noWay(options));
    new Exchange(this, options, told, origin).begin();
    return true;
  }

  /** A leg's handler, and the agent of its exit, which is in use until the leg has left it. @throws InvalidArgumentError */
  open(exchange: Exchange, leg: Leg): LegHandler {
    const agent = this.share.agents.take(leg.exit);
    return new this.#legHandler(exchange, leg, agent, this.#connects ? agent.waitingFor(exchange.origin.key) : undefined);
  }

  left(agent: ExitAgent): void {
    this.share.agents.leave(agent);
  }

  add(exchange: Exchange): void {
    exchange.next = this.#first;
    if (this.#first !== undefined) this.#first.previous = exchange;
    this.#first = exchange;
  }

  remove(exchange: Exchange): void {
    const { previous, next } = exchange;
    if (previous !== undefined) previous.next = next;
    else if (this.#first === exchange) this.#first = next;
    else return;
    if (next !== undefined) next.previous = previous;
    exchange.previous = exchange.next = undefined;
    if (this.#first === undefined) this.#onIdle?.();
  }

  /** Resolves when nothing runs any more. */
  idle(): Promise<void> {
    if (this.#first === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.#onIdle;
      this.#onIdle = () => {
        before?.();
        resolve();
      };
    });
  }

  /** Ends what runs; each is told. */
  endAll(error: Error): void {
    for (let exchange = this.#first; exchange !== undefined; exchange = this.#first) exchange.destroy(error);
  }

  /** As undici does it: the handler is told, and whoever has no ear for it gets it thrown. */
  #refuse(handler: Handler, error: Error): true {
    if (handler.onResponseError === undefined) throw error;
    handler.onResponseError(null as never, error);
    return true;
  }

  #noWay(options: Options): Error {
    const { InvalidArgumentError } = this.undici.errors;
    const sentence =
      typeof options.socketPath === "string"
        ? "A Unix socket does not lead through an exit; send this request by a dispatcher of its own: new Agent({ connect: { socketPath } })."
        : `Expected \`origin\` to be an absolute http: or https: URL, got \`${String(options.origin)}\`. Pass a full URL, or \`origin\` beside \`path\`.`;
    return inTheirWords(InvalidArgumentError, new MultihomeError("MH_ERR_CONFIG", sentence));
  }
}

function spokenOf(undici: UndiciModule): Spoken {
  let spoken = spokenBy.get(undici);
  if (spoken === undefined) {
    const old = dialectOf(undici) === "old";
    spokenBy.set(undici, (spoken = { legHandler: old ? OldLegHandler : ModernLegHandler, context: old ? undefined : null }));
  }
  return spoken;
}
