import type { Dispatch, Driver, ExitPool, Hints, Leg, RequestInfo, ResponseInfo } from "@multihome/core";
import type { GateOptions } from "@multihome/core/node-http";
import type { ClientRequest } from "node:http";

/**
 * A redirect's further request. It leaves by the exit of the leg that was redirected, but weighs and reserves at its own
 * target: waiting there, when it must, before its agent is given it.
 */
export class Hop implements Driver {
  readonly #request: ClientRequest;
  readonly #proceed: (error?: unknown) => void;
  #dispatch: Dispatch | undefined;
  #leg: Leg | undefined;
  #answered = false;
  #error: unknown;
  #over = false;

  /** @param proceed sends the request, or ends it with an error */
  constructor(request: ClientRequest, proceed: (error?: unknown) => void) {
    this.#request = request;
    this.#proceed = proceed;
    request.once("error", (error) => (this.#error = error));
    // However it ends, also while it waits.
    request.once("close", () => this.#onClose());
  }

  begin(pool: ExitPool, info: RequestInfo): void {
    try {
      this.#dispatch = pool.drive(info, this);
    } catch (error) {
      this.#over = true;
      this.#proceed(error);
    }
  }

  start(leg: Leg): void {
    if (this.#over) return leg.release();
    this.#leg = leg;
    this.#proceed();
  }

  stop(leg: Leg, reason: unknown): void {
    this.#over = true;
    leg.release();
    this.#request.destroy(reason instanceof Error ? reason : undefined);
  }

  /** It is alone: nothing of it is ever held. */
  deliver(): void {}

  reject(error: unknown): void {
    this.#over = true;
    this.#proceed(error);
  }

  respond(info: ResponseInfo): void {
    this.#answered = true;
    this.#leg?.respond(info);
  }

  progress(): void {
    this.#leg?.progress();
  }

  /** Its answer has ended, or it has ended without one. */
  end(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#leg === undefined) this.#dispatch?.abort(error);
    else this.#leg.end(error);
  }

  #onClose(): void {
    const failed = this.#error !== undefined && !this.#answered && !this.#over;
    if (!failed || this.#leg === undefined) return this.end(undefined);
    this.#over = true;
    this.#leg.fail(this.#error, true);
  }
}

/** @param first the request that was redirected; its body goes along where the method stays */
export function hopRequest(options: GateOptions, request: ClientRequest, first: RequestInfo, lease: Leg): RequestInfo {
  const { protocol, path, method } = options;
  const name = options.host.includes(":") ? `[${options.host}]` : options.host;
  const host = options.port === (protocol === "https:" ? 443 : 80) ? name : `${name}:${options.port}`;
  return {
    method,
    host,
    path,
    url: `${protocol}//${host}${path}`,
    get headers() {
      return request.getHeaders() as Record<string, string | string[] | undefined>;
    },
    get body() {
      return method === first.method ? first.body : null;
    },
    hints: { ...first.hints, ...OF_FIRST_ALONE, lease },
  };
}

/** What was said about the first request, and about its target; named so that `pool.with` does not say it for the hop either. */
const OF_FIRST_ALONE: Hints = { weight: undefined, target: undefined, affinity: undefined, race: false };
