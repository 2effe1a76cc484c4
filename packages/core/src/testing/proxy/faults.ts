/** What goes wrong on the way, with any kind of proxy. A bare string stands for the fault of that kind. */
export type CommonFault =
  | { readonly kind: "ok" }
  /** Accepts, and closes at once. */
  | { readonly kind: "refuse" }
  /** Accepts, and resets at once. */
  | { readonly kind: "reset" }
  /** Accepts, and never says a word. */
  | { readonly kind: "hang" }
  /** Reads the destination, and never answers. */
  | { readonly kind: "hang-connect" }
  /** Says that the tunnel stands, and carries nothing: a client hangs in TLS, or waits for the answer. */
  | { readonly kind: "hang-tls" }
  /** Demands user and password also where none are set; refuses those who do not offer any. */
  | { readonly kind: "auth" }
  /** Demands user and password, and refuses whatever it is given. */
  | { readonly kind: "bad-auth" }
  /** All that it says, and all that the tunnel brings, goes to the client byte by byte. */
  | { readonly kind: "drip"; /** @default 20 */ readonly everyMs?: number }
  /** Answers, and what the tunnel brings, come late: by `latencyMs` and up to `jitterMs` more, in order. */
  | { readonly kind: "slow"; readonly latencyMs: number; /** @default 0 */ readonly jitterMs?: number }
  /** The tunnel ends once it has brought `afterBytes` to the client. */
  | { readonly kind: "cut"; readonly afterBytes: number; /** @default "fin" */ readonly how?: "fin" | "reset" }
  /** Sends `bytes` as the tunnel's first, in one packet with the answer that it stands. */
  | { readonly kind: "early"; readonly bytes: string | Uint8Array };

/** Kinds of which the name says everything. */
export type PlainFault = "ok" | "refuse" | "reset" | "hang" | "hang-connect" | "hang-tls" | "auth" | "bad-auth" | "drip";

/** A fault for every connection, or a function that is asked at each: a flaky proxy. */
export type FaultPlan<F> = F | ((connection: number) => F);

export function faultFor<F extends { readonly kind: string }>(plan: FaultPlan<F | PlainFault>, connection: number): F | CommonFault {
  const fault = typeof plan === "function" ? plan(connection) : plan;
  return typeof fault === "string" ? { kind: fault } : fault;
}
