export { statusHandler, type RawReply, type RawRequest, type StatusHandler, type StatusOptions } from "./status-handler.ts";
export { startStatusServer, type StatusServer, type StatusServerOptions } from "./status-server.ts";
