import type { Dispatch, Driver, Leg, MultihomeError } from "@multihome/core";
import type { Origin } from "@multihome/core/connect";
import type { AxiosResponse, InternalAxiosRequestConfig } from "axios";
import type { ClientRequest } from "node:http";
import { Attempt } from "./attempt.ts";
import { isBodyStream } from "./body.ts";
import { watchCaller } from "./caller.ts";
import { ConfigRequest } from "./config-request.ts";
import type { Context } from "./context.ts";
import type { DeadlineNode } from "./deadlines.ts";
import { statusError, timeoutError, toAxiosError } from "./errors.ts";

/**
 * One request of the caller's, with all its attempts: his signal, his cancel token, his timeout, his body's errors, and the
 * promise that he waits for.
 */
export class Exchange implements Driver, DeadlineNode {
  readonly context: Context;
  readonly config: InternalAxiosRequestConfig;
  readonly origin: Origin;
  readonly request: ConfigRequest;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly #resolve: (response: AxiosResponse) => void;
  readonly #reject: (error: unknown) => void;
  #dispatch: Dispatch | undefined;
  /** The newest. */
  #attempt: Attempt | undefined;
  /** The one whose answer the caller has, or is about to have. */
  #winner: Attempt | undefined;
  dueAt = Infinity;
  lane: DeadlineNode["lane"] = undefined;
  earlier: DeadlineNode | undefined = undefined;
  later: DeadlineNode | undefined = undefined;
  /** Takes back what was attached to the caller's own objects. */
  #forget: (() => void) | undefined;
  /** The promise is settled and no stream of it is out. */
  #over = false;
  #cancelled: { reason: unknown } | undefined;
  /** The last failure, below axios and as axios says it. */
  #failure: { cause: unknown; error: unknown } | undefined;

  constructor(context: Context, config: InternalAxiosRequestConfig, origin: Origin, timeoutMs: number, resolve: (response: AxiosResponse) => void, reject: (error: unknown) => void) {
    this.context = context;
    this.config = config;
    this.origin = origin;
    this.timeoutMs = timeoutMs;
    this.#resolve = resolve;
    this.#reject = reject;
    this.request = new ConfigRequest(context, config, origin);
  }

  begin(): void {
    const { config, context } = this;
    if (config.signal || config.cancelToken || isBodyStream(config.data)) this.#forget = watchCaller(this);
    if (this.#over) {
      // Ended before it began: what was attached meanwhile is taken back at once.
      this.#finish();
      return;
    }
    try {
      const dispatch = context.pool.drive(this.request, this);
      this.#dispatch = dispatch;
      if (this.#cancelled !== undefined) dispatch.abort(this.#cancelled.reason);
    } catch (error) {
      // A weight rule or a serializer of the user's that threw.
      this.reject(error);
    }
  }

  start(leg: Leg): void {
    if (this.#over) return leg.release();
    // Begun once, with the first attempt: what is asked for is an answer in so long a time, not an attempt.
    if (this.timeoutMs > 0 && this.#attempt === undefined) this.context.deadlines.add(this, this.timeoutMs);
    const { config } = this;
    // The first attempt completes the caller's own headers, as axios does; a further one must not find them changed under it.
    const headers = this.#attempt === undefined ? config.headers : new this.context.axios.AxiosHeaders(config.headers);
    const attempt = new Attempt(this, leg);
    this.#attempt = attempt;
    leg.driverState = attempt;
    attempt.begin(headers);
  }

  stop(leg: Leg, reason: unknown): void {
    if (leg.driverState instanceof Attempt) leg.driverState.stop(reason);
    else leg.release();
  }

  deliver(leg: Leg): void {
    (leg.driverState as Attempt).deliver();
  }

  reject(error: unknown): void {
    const known = this.#failure;
    this.fail(known !== undefined && known.cause === error ? known.error : this.#wrap(error));
  }

  /** This attempt's answer is the one. */
  won(attempt: Attempt): void {
    this.#winner = attempt;
  }

  /** The newest request of all attempts, for errors. */
  get newest(): ClientRequest | undefined {
    return this.#attempt?.request;
  }

  get begun(): boolean {
    return this.#attempt !== undefined;
  }

  /** An attempt has failed; the core decides whether that was the last. */
  failed(cause: unknown, error: unknown): void {
    this.#failure = { cause, error };
  }

  fail(error: unknown): void {
    if (this.#over) return;
    this.#finish();
    this.#reject(error);
  }

  /** The caller's own end, or his own mistake: never the fault of an exit, and never a reason to try again. */
  cancel(error: unknown): void {
    if (this.#over) return;
    this.#cancelled = { reason: error };
    this.fail(error);
    this.#dispatch?.abort(error);
    // A stream whose connection has ended is still the caller's to abort, and no longer the core's.
    this.#winner?.stop(error);
  }

  refuse(error: MultihomeError): void {
    this.cancel(this.#wrap(error));
  }

  /** The caller's timeout has passed: all of it before the answer, or so long without a byte of the stream that he was given. */
  timeOut(): void {
    this.cancel(timeoutError(this.context.axios, this.config, (this.#winner ?? this.#attempt)?.request));
  }

  /** @param whole nothing more of it will come; else its stream is out, and `ended` will be called */
  answer(response: AxiosResponse, whole: boolean): void {
    if (this.#over) return;
    const { config } = this;
    response.config = config;
    this.context.deadlines.remove(this);
    if (whole) this.#finish();
    try {
      const { validateStatus } = config;
      if (!response.status || !validateStatus || validateStatus(response.status)) this.#resolve(response);
      else this.#reject(statusError(this.context.axios, response, config));
    } catch (error) {
      this.#reject(error);
    }
  }

  /** The stream that the caller was given is over. */
  ended(): void {
    this.#finish();
  }

  due(): void {
    this.timeOut();
  }

  #wrap(error: unknown): unknown {
    return toAxiosError(this.context.axios, error, this.config, this.#attempt?.request);
  }

  #finish(): void {
    this.#over = true;
    this.context.deadlines.remove(this);
    const forget = this.#forget;
    this.#forget = undefined;
    forget?.();
  }
}
