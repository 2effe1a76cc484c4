import { isUnsent } from "../connect/connect-error.ts";
import type { Dispatch, Driver, Leg, Transport } from "../model/lease.ts";
import type { ExitPool, RunOptions } from "../model/pool.ts";
import type { RequestInfo } from "../model/request.ts";
import { checkCall, RUN_OPTIONS } from "../option-names.ts";
import { checkRequest } from "./hosts.ts";

/** Drives a `Transport`: one promise for each attempt, one for the caller. */
export class PromiseDriver<R> implements Driver {
  private readonly transport: Transport<R>;
  private readonly request: RequestInfo;
  private readonly resolve: (response: R) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  private dispatch: Dispatch | undefined;
  private winner: Leg | undefined;
  private aborted = false;

  constructor(transport: Transport<R>, request: RequestInfo, signal: AbortSignal | undefined, resolve: (response: R) => void, reject: (error: unknown) => void) {
    // Now, and not when an exit is free: then there is nobody left to tell.
    if (typeof transport?.send !== "function" || typeof transport.inspect !== "function" || typeof transport.discard !== "function") throw noTransport(transport);
    this.transport = transport;
    this.request = checkRequest(request);
    this.#signal = signal;
    this.resolve = resolve;
    this.#reject = reject;
    signal?.addEventListener("abort", this);
  }

  /** The request is under way; its signal may have fired before anybody could be told. */
  attach(dispatch: Dispatch): void {
    this.dispatch = dispatch;
    if (this.aborted) dispatch.abort(this.#signal?.reason);
  }

  handleEvent(): void {
    this.aborted = true;
    const reason: unknown = this.#signal?.reason;
    this.forgetSignal();
    this.dispatch?.abort(reason);
    this.#reject(reason);
  }

  start(leg: Leg): void {
    let signal: AbortSignal | undefined;
    // A controller costs ten times the rest on older Nodes: made only for transports that take a signal.
    const controller = takesSignal(this.transport.send) ? new AbortController() : undefined;
    if (controller !== undefined) ({ signal } = controller);
    leg.driverState = { controller, arrived: false, response: undefined } satisfies State<R>;
    let sending: Promise<R>;
    try {
      sending = this.transport.send(leg, signal as AbortSignal, this.request);
    } catch (error) {
      sending = Promise.reject(error);
    }
    sending.then(
      (response) => this.#arrived(leg, response),
      (error: unknown) => leg.fail(error, !this.isUnsent(error, leg)),
    );
  }

  stop(leg: Leg, reason: unknown): void {
    const { controller, arrived, response } = leg.driverState as State<R>;
    controller?.abort(reason);
    // The response that was handed over belongs to the caller: his own signal ends it, nobody discards it.
    if (arrived && leg !== this.winner) this.transport.discard(response as R);
    leg.release();
  }

  deliver(leg: Leg): void {
    const response = (leg.driverState as State<R>).response as R;
    this.winner = leg;
    let finished: Promise<void> | undefined;
    try {
      finished = this.transport.finished?.(response);
    } catch (error) {
      finished = Promise.reject(error);
    }
    if (finished === undefined) {
      this.forgetSignal();
      leg.end();
    } else {
      finished.then(
        () => {
          this.forgetSignal();
          leg.end();
        },
        (error: unknown) => {
          this.forgetSignal();
          leg.end(error ?? new Error("The body was cut."));
        },
      );
    }
    this.resolve(response);
  }

  reject(error: unknown): void {
    this.forgetSignal();
    this.#reject(error);
  }

  #arrived(leg: Leg, response: R): void {
    const state = leg.driverState as State<R>;
    state.arrived = true;
    state.response = response;
    let decision: "deliver" | "hold" | "drop";
    try {
      decision = leg.respond(this.transport.inspect(response));
    } catch (error) {
      this.transport.discard(response);
      leg.fail(error, true);
      return;
    }
    if (decision === "deliver") {
      this.deliver(leg);
    } else if (decision === "drop") {
      this.transport.discard(response);
      leg.end();
    }
  }

  private isUnsent(error: unknown, leg: Leg): boolean {
    const { unsent } = this.transport;
    return unsent === undefined ? isUnsent(error) : unsent.call(this.transport, error, leg);
  }

  private forgetSignal(): void {
    this.#signal?.removeEventListener("abort", this);
  }
}

function noTransport(given: unknown): TypeError {
  const said = typeof given === "object" && given !== null ? `an object with ${Object.keys(given).join(", ") || "nothing"}` : typeof given;
  return new TypeError(`Expected a transport, an object with send, inspect and discard, got ${said}.`);
}

interface State<R> {
  controller: AbortController | undefined;
  /** A transport may answer with anything, `undefined` included. */
  arrived: boolean;
  response: R | undefined;
}

type Send = Transport<unknown>["send"];
/** Asking a function for its length leaves compiled code, and most programs have one transport: the last one is remembered. */
let lastSend: Send | undefined;
let lastTakesSignal = false;

function takesSignal(send: Send): boolean {
  if (send !== lastSend) {
    lastSend = send;
    lastTakesSignal = send.length >= 2;
  }
  return lastTakesSignal;
}

/** The request as a promise. */
export function runByPromise<R>(pool: Pick<ExitPool, "drive">, request: RequestInfo, transport: Transport<R>, options: RunOptions | undefined): Promise<R> {
  return new Promise((resolve, reject) => {
    if (options !== undefined) checkCall("run", options, RUN_OPTIONS);
    const signal = options?.signal;
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const driver = new PromiseDriver(transport, request, signal, resolve, reject);
    try {
      driver.attach(pool.drive(request, driver, options));
    } catch (error) {
      driver.reject(error);
    }
  });
}
