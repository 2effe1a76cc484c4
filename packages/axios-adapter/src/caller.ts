import type { Cancel, InternalAxiosRequestConfig } from "axios";
import { isBodyStream } from "./body.ts";
import type { Context } from "./context.ts";
import type { ClientRequest } from "node:http";

/** A request that its caller can end. */
interface Cancellable {
  readonly config: InternalAxiosRequestConfig;
  readonly context: Context;
  /** Its newest request, for errors. */
  readonly newest: ClientRequest | undefined;
  /** It has left the queue at least once. */
  readonly begun: boolean;
  cancel(error: unknown): void;
}

/**
 * Listens to whatever of the caller's may end his request: his signal, his cancel token, the stream that is his body. What
 * has happened before is told at once.
 *
 * @returns takes it back
 */
export function watchCaller(exchange: Cancellable): () => void {
  const { config, context } = exchange;
  const { CanceledError, AxiosError } = context.axios;
  const { signal } = config;
  const cancelToken = config.cancelToken as unknown as CancelTokenParts | undefined;
  const data: unknown = config.data;

  const canceled = (message?: string): void => exchange.cancel(new CanceledError(message, config, exchange.newest));
  const onSignal = (): void => canceled();
  const onToken = (reason: Cancel | undefined): void => (reason === undefined ? canceled() : exchange.cancel(reason));
  const onBodyError = (error: Error): void => exchange.cancel(AxiosError.from(error, undefined, config, exchange.newest));
  const onBodyClose = (): void => {
    // Streams older than Node's Readable do not say whether they have ended; of these axios has to judge, once it has them.
    if (isBodyStream(data) && (data.readableEnded ?? exchange.begun) === false) canceled("Request stream has been aborted");
  };

  if (isBodyStream(data)) {
    // Attached before anything else: while the request waits for its lease, nobody else would hear of it, and the process would end.
    data.on("error", onBodyError);
    data.on("close", onBodyClose);
    if (data.errored instanceof Error) onBodyError(data.errored);
    else if (data.destroyed === true) onBodyClose();
  }
  if (signal?.aborted === true) onSignal();
  else signal?.addEventListener?.("abort", onSignal);
  cancelToken?.subscribe(onToken);

  return () => {
    signal?.removeEventListener?.("abort", onSignal);
    cancelToken?.unsubscribe(onToken);
    // Not the one for errors: a body that fails after its request was given up must not end the process either.
    if (isBodyStream(data)) data.removeListener("close", onBodyClose);
  };
}

/** Of CancelToken, what its declaration leaves out. */
interface CancelTokenParts {
  subscribe(listener: (reason: Cancel | undefined) => void): void;
  unsubscribe(listener: (reason: Cancel | undefined) => void): void;
}
