/** Why a leg was stopped that had nothing wrong with it but being slower. One for all: a stack trace costs more than a request. */
export const LOST: Error = Object.freeze(Object.assign(new Error("Another attempt of the same request was faster."), { code: "MH_LOST" }));
