import { MultihomeError, type ExitPool } from "@multihome/core";
import type { Dispatcher } from "undici";
import { CONNECTION_EVENTS } from "./exit-agents.ts";
import type { ExitDispatcherOptions } from "./options.ts";
import { Sender } from "./sender.ts";
import { assertSupported, assertUndici, type InnerDispatcher, type UndiciModule } from "./undici.ts";

/** Private by symbol, not by `#`: `compose` stands a Proxy before the dispatcher, and calls its methods through that. */
const SENDER: unique symbol = Symbol("multihome.sender");
const LIFE: unique symbol = Symbol("multihome.life");

type Callback = (error: Error | null, data: null) => void;

interface Life {
  readonly options: ExitDispatcherOptions;
  closing: Promise<void> | undefined;
  destroying: Promise<void> | undefined;
  /** Knows the limits of WebSockets and EventSources that this undici has by default. */
  limits: InnerDispatcher | undefined;
}

export interface ClosableDispatcher extends Dispatcher {
  /** `close()` has been called. */
  readonly closed: boolean;
  /** `destroy()` has been called, or `close()` has come to its end. */
  readonly destroyed: boolean;
}

export type ExitDispatcherClass = new (pool: ExitPool, options?: ExitDispatcherOptions) => ClosableDispatcher;

const OPTIONS: Record<keyof ExitDispatcherOptions, true> = { lease: true, allowH2: true, agent: true, dispatcherFor: true, webSocket: true, eventSource: true };

const classes = new WeakMap<UndiciModule, ExitDispatcherClass>();

/**
 * The class for one version of undici, whose Dispatcher it extends; the same one for the same module.
 *
 * @param version for the error that the constructor throws where it is too old
 * @throws MultihomeError `MH_ERR_CONFIG` where the module is no undici
 */
export function exitDispatcherClass(undici: UndiciModule, version: () => string | undefined = () => undefined): ExitDispatcherClass {
  assertUndici(undici);
  let known = classes.get(undici);
  if (known === undefined) classes.set(undici, (known = makeClass(undici, version)));
  return known;
}

function makeClass(undici: UndiciModule, version: () => string | undefined): ExitDispatcherClass {
  const Base = undici.Dispatcher as unknown as new () => Dispatcher;
  const { ClientDestroyedError, InvalidArgumentError } = undici.errors;
  let supported = false;

  class ExitDispatcher extends Base {
    readonly [SENDER]: Sender;
    readonly [LIFE]: Life;

    constructor(pool: ExitPool, options: ExitDispatcherOptions = {}) {
      super();
      if (!supported) assertSupported(undici, version());
      if (pool?.adapterHost === undefined) throw new MultihomeError("MH_ERR_CONFIG", "ExitDispatcher expects the pool that createExitPool has made as its first argument.");
      pool.adapterHost.checkOptionNames("ExitDispatcher", options, OPTIONS);
      supported = true;
      this[SENDER] = new Sender(undici, pool, options);
      this[LIFE] = { options, closing: undefined, destroying: undefined, limits: undefined };
      forwardEvents(this, this[SENDER]);
    }

    override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      return this[SENDER].dispatch(options, handler as never);
    }

    get closed(): boolean {
      return this[SENDER].closed;
    }

    get destroyed(): boolean {
      return this[SENDER].destroyed;
    }

    /** fetch hands a mock the body as it was given, not as an iterator. */
    get isMockActive(): boolean {
      const { dispatcherFor } = this[LIFE].options;
      return typeof dispatcherFor === "object" && dispatcherFor.isMockActive === true;
    }

    get webSocketOptions(): unknown {
      return limitsOf(this[LIFE]).webSocketOptions;
    }

    get eventSourceOptions(): unknown {
      return limitsOf(this[LIFE]).eventSourceOptions;
    }

    /** Refuses new requests, and resolves when those that run have ended and their connections are closed. */
    override close(callback?: Callback): Promise<void> {
      if (callback === undefined) return new Promise((resolve, reject) => void this.close((error) => (error === null ? resolve() : reject(error))));
      if (typeof callback !== "function") throw new InvalidArgumentError("invalid callback");
      const sender = this[SENDER];
      if (sender.destroyed) {
        queueMicrotask(() => callback(new ClientDestroyedError(), null));
        return undefined as never;
      }
      sender.closed = true;
      const closing = (this[LIFE].closing ??= sender.idle().then(() => sender.share.release()).then(() => {
        sender.destroyed = true;
      }));
      tellWhen(closing, callback);
      return undefined as never;
    }

    /** Ends what runs, and closes every connection. */
    override destroy(error?: Error | null | Callback, callback?: Callback): Promise<void> {
      if (typeof error === "function") return this.destroy(null, error);
      if (callback === undefined) return new Promise((resolve, reject) => void this.destroy(error, (failure) => (failure === null ? resolve() : reject(failure))));
      if (typeof callback !== "function") throw new InvalidArgumentError("invalid callback");
      const sender = this[SENDER];
      sender.destroyed = true;
      const reason = error ?? new ClientDestroyedError();
      sender.endAll(reason);
      const destroying = (this[LIFE].destroying ??= sender.share.release(reason));
      tellWhen(destroying, callback);
      return undefined as never;
    }
  }

  function limitsOf(life: Life): InnerDispatcher {
    const { webSocket, eventSource, dispatcherFor } = life.options;
    // A dispatcher that serves all exits has limits of its own.
    if (webSocket === undefined && eventSource === undefined && typeof dispatcherFor === "object" && dispatcherFor.webSocketOptions !== undefined) return dispatcherFor;
    return (life.limits ??= new undici.Agent({ webSocket, eventSource } as never));
  }

  return ExitDispatcher;
}

/** In a microtask of its own, as undici does: what the callback throws is not the promise's. */
function tellWhen(ended: Promise<void>, tell: Callback): void {
  void ended.then(() => queueMicrotask(() => tell(null, null)));
}

/** Only for those who listen: most never do, and dispatchers come and go with leases. */
function forwardEvents(dispatcher: Dispatcher, { share }: Sender): void {
  const forwarded = new Set<string>();
  (dispatcher as NodeJS.EventEmitter).on("newListener", (name: string | symbol) => {
    const event = CONNECTION_EVENTS.find((each) => each === name);
    if (event === undefined || forwarded.has(event)) return;
    forwarded.add(event);
    share.agents.events.on(event, (origin: URL, targets: readonly unknown[], ...rest: unknown[]) => {
      (dispatcher as NodeJS.EventEmitter).emit(event, origin, [dispatcher, ...targets], ...rest);
    });
  });
}
