/** Exits as agents of node:http, for adapters and for clients of one's own. */
export { exitAgents, ExitAgents } from "./exit-agents.ts";
export type { AgentPair } from "./exit-agents.ts";
export { leaseAgents } from "./lease-agents.ts";
export { LegAgents } from "./leg-agents.ts";
export type { Gate, GateOptions, LegOptions } from "./leg-agents.ts";
export type { TlsOptions } from "./tls-identity.ts";
export { nodeTransport } from "./node-transport.ts";
/** What is seen of an answer before it is judged. */
export { peekBody } from "./peek-body.ts";
export { isBodiless, isEventStream, ResponseHead } from "./response-head.ts";
