import type { IncomingMessage } from "node:http";
import type { Leg } from "@multihome/core";

const LEG: unique symbol = Symbol("leg");

interface ReadResponse extends IncomingMessage {
  [LEG]?: Leg;
}

/** Tells the leg of every chunk that its reader takes: a reader that has gone takes none, however much the server sends. */
export function tellProgress(response: IncomingMessage, leg: Leg): void {
  (response as ReadResponse)[LEG] = leg;
  response._read = readAndTell;
}

function readAndTell(this: IncomingMessage, size: number): void {
  (this as ReadResponse)[LEG]?.progress();
  (Object.getPrototypeOf(this) as IncomingMessage)._read.call(this, size);
}
