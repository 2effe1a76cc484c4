export type { Fault, FaultKind } from "./errors.ts";
export type { LedgerChanged, LedgerContradiction, LedgerEvents, LedgerFault } from "./events.ts";
export type { GivenClient } from "./given-link.ts";
export { redisLedger, type LedgerStatus, type RedisLedger } from "./ledger.ts";
export { ledgerText } from "./ledger-text.ts";
export type { LedgerMode, OnUnavailable } from "./mode.ts";
export type { RedisLedgerOptions } from "./options.ts";
