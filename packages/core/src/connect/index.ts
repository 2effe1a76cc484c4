/** Sockets through exits, for adapters and for clients of one's own. */
export { openSocket } from "./open-socket.ts";
export type { OpenSocketOptions } from "./open-socket.ts";
export { connectThrough } from "./connect-through.ts";
export type { AbortConnect, ConnectCallback } from "./connect-through.ts";
export type { Destination } from "./destination.ts";
export { ConnectError, connectFault, isUnsent } from "./connect-error.ts";
export type { ConnectFault, ConnectPhase } from "./connect-error.ts";
export { originOf } from "./origin.ts";
export type { Origin } from "./origin.ts";
export { endpointOf, setEndpoint } from "./endpoints.ts";
export type { ProxyEndpoint } from "./endpoints.ts";
