/** got through a pool of exits. */
export { gotHooks } from "./got-hooks.ts";
export type { GotHooksOptions } from "./got-hooks.ts";
export type { MultihomeContext } from "./multihome-context.ts";
