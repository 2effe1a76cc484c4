import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { LegExchange } from "./leg-exchange.ts";
import type { RequestCall } from "./request-call.ts";

// Shared listeners, which find their exchange on whoever they are told of: nine closures a request were the dearest part of it.

const EXCHANGE: unique symbol = Symbol("exchange");
type Followed<T> = T & { [EXCHANGE]?: LegExchange };

export function listenToRequest(request: Followed<ClientRequest>, exchange: LegExchange, call: RequestCall): void {
  request[EXCHANGE] = exchange;
  request.on("error", onError);
  request.on("close", onClose);
  request.on("response", onResponse);
  request.on("socket", onSocket);
  request.on("timeout", onTimeout);
  request.on("information", onInformation);
  if (call.header("expect") !== undefined) request.on("continue", onContinue);
  // Only where it is asked for: Node ends a connection that is upgraded without being asked, unless somebody listens.
  if (call.header("upgrade") !== undefined) request.on("upgrade", onUpgrade);
  if (call.method === "CONNECT") request.on("connect", onConnect);
}

/** Before got hears either: got destroys the request at the end, and a success or a cut would count as aborted. */
export function listenToAnswer(response: Followed<IncomingMessage>, exchange: LegExchange): void {
  response[EXCHANGE] = exchange;
  response.on("end", onEnd);
  response.on("aborted", onAborted);
  // It may be dropped or held, and then has no reader who listens.
  response.on("error", ignore);
}

function onError(this: Followed<ClientRequest>, error: Error): void {
  this[EXCHANGE]?.onError(error);
}

function onClose(this: Followed<ClientRequest>): void {
  this[EXCHANGE]?.onClose();
}

function onResponse(this: Followed<ClientRequest>, response: IncomingMessage): void {
  this[EXCHANGE]?.onResponse(response);
}

function onSocket(this: Followed<ClientRequest>, socket: Socket): void {
  this[EXCHANGE]?.onSocket(socket);
}

function onTimeout(this: Followed<ClientRequest>): void {
  this[EXCHANGE]?.onTimeout();
}

function onInformation(this: Followed<ClientRequest>, info: unknown): void {
  this[EXCHANGE]?.pass("information", info);
}

function onContinue(this: Followed<ClientRequest>): void {
  this[EXCHANGE]?.pass("continue");
}

function onUpgrade(this: Followed<ClientRequest>, response: IncomingMessage, socket: Duplex, head: Buffer): void {
  this[EXCHANGE]?.onUpgrade("upgrade", response, socket, head);
}

function onConnect(this: Followed<ClientRequest>, response: IncomingMessage, socket: Duplex, head: Buffer): void {
  this[EXCHANGE]?.onUpgrade("connect", response, socket, head);
}

function onEnd(this: Followed<IncomingMessage>): void {
  this[EXCHANGE]?.onEnd();
}

function onAborted(this: Followed<IncomingMessage>): void {
  this[EXCHANGE]?.onAborted(this);
}

function ignore(): void {}
