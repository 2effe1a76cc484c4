import net from "node:net";
import { originOf as originOfSpelling } from "@multihome/core/connect";
import type { Origin } from "@multihome/core/connect";

/** `undefined`: not an absolute http or https URL. */
export function originOf(origin: unknown): Origin | undefined {
  const spelling = typeof origin === "string" ? origin : origin instanceof URL ? origin.origin : undefined;
  const found = spelling === undefined ? undefined : originOfSpelling(spelling);
  return found !== undefined && (found.protocol === "http:" || found.protocol === "https:") && found.host !== "" ? found : undefined;
}

/**
 * The host that limits belong to. `interceptors.dns` puts an address in the place of the name, and the name into
 * `servername`: the target stays the one that was asked for.
 */
export function hostOf(origin: Origin, servername: unknown): string {
  if (!origin.literal || typeof servername !== "string" || servername === "" || net.isIP(servername) !== 0) return origin.host;
  const port = origin.host.startsWith("[") ? origin.host.slice(origin.host.indexOf("]") + 1) : origin.host.slice(origin.host.indexOf(":") >= 0 ? origin.host.indexOf(":") : origin.host.length);
  return servername.toLowerCase() + port;
}
