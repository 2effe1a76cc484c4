import { CHANNEL_NAMES, subscribe, type ChannelName } from "./channels.ts";
import type { Log } from "./log.ts";
import { isTold, soOften } from "./seldom.ts";

/** A subscription for `pool.on`: what its listener does is no concern of a request. @throws RangeError where there is no such channel, TypeError where there is no listener */
export function listen(name: string, pool: string, listener: (message: never) => void, log: Log): () => void {
  if (!(CHANNEL_NAMES as readonly string[]).includes(name)) throw new RangeError(`Expected one of ${CHANNEL_NAMES.join(", ")}, got \`${name}\`.`);
  if (typeof listener !== "function") throw new TypeError(`Expected a function that listens to ${name}, got ${listener === null ? "null" : typeof listener}.`);
  let thrown = 0;
  return subscribe(name as ChannelName, pool, (message) => {
    try {
      listener(message as never);
    } catch (error) {
      log.faults.listener++;
      if (isTold(++thrown)) log.warn(`A listener of ${name} threw.${soOften(thrown)}`, { error });
    }
  });
}
