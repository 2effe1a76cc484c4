// Another program on the same addresses: a process of its own that spends a share of each, knows nothing of limits but what a
// refusal says, and tells on its IPC channel how often it was refused.
import { Agent, request } from "node:http";
import process from "node:process";
import { seededRandom } from "@multihome/core/testing";

export interface OtherProgram {
  readonly url: string;
  readonly addresses: readonly string[];
  /** Of one request, and of one address in a window. */
  readonly weight: number;
  readonly perWindow: number;
  readonly windowMs: number;
}

export interface OtherFigures {
  readonly sent: number;
  /** Answers with 429, and with 418. */
  readonly limited: number;
  readonly banned: number;
}

let sent = 0;
let limited = 0;
let banned = 0;

function spend({ url, weight, perWindow, windowMs }: OtherProgram, address: string, random: () => number): void {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const meanGapMs = (windowMs * weight) / perWindow;
  let quietUntil = 0;
  const next = (): void => {
    setTimeout(() => {
      next();
      if (Date.now() < quietUntil) return;
      sent += 1;
      const outgoing = request(`${url}/other?weight=${weight}`, { agent, localAddress: address }, (response) => {
        response.resume();
        if (response.statusCode !== 429 && response.statusCode !== 418) return;
        if (response.statusCode === 429) limited += 1;
        else banned += 1;
        quietUntil = Date.now() + Number(response.headers["retry-after"] ?? 1) * 1_000;
      });
      outgoing.on("error", () => {});
      outgoing.end();
    }, -Math.log(1 - random()) * meanGapMs);
  };
  next();
}

process.on("message", (message: OtherProgram | "stop") => {
  if (message === "stop") {
    process.send?.({ sent, limited, banned } satisfies OtherFigures, () => process.exit(0));
    return;
  }
  message.addresses.forEach((address, index) => spend(message, address, seededRandom(index + 1)));
  process.send?.("begun");
});
// Whoever started it is gone.
process.on("disconnect", () => process.exit(0));
