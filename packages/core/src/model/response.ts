import type { RequestInfo } from "./request.ts";
import type { Verdict, VerdictKind } from "./verdict.ts";

/** What the core has to know about an answer. */
export interface ResponseInfo {
  status: number;
  /** A header's value, several of one name joined by `", "`. The name may be in any case. */
  header(name: string): string | undefined;
  /** The first bytes, or all of them, where the target's classifier asks for them. A classifier gets them unpacked, whatever `content-encoding` says (gzip, deflate, br). */
  body?: Uint8Array;
  /** `false`: cut before its end. */
  complete?: boolean;
}

/** Decides what an answer means. */
export interface Classify {
  /**
   * What `judge` has to see of the body before it can say.
   * @default proxies "first", local exits "none"; never for event streams
   */
  body?: "none" | "first" | "full";
  /** The same by status, where not every answer has to be looked at. Goes before `body`. */
  bodyAt?(status: number): "none" | "first" | "full";
  /** `undefined` leaves the answer to the default rules. */
  judge(response: ResponseInfo, request: RequestInfo): Verdict | VerdictKind | undefined;
}

/** Reads from an answer what the target says it has counted. */
export type Feedback = (response: ResponseInfo, request: RequestInfo) => { limit: string; used: number; key?: string }[];
