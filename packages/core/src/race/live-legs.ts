import type { Leg } from "./leg.ts";

/** Every leg that is out, as a list through the legs themselves: joining and leaving cost two pointers. */
export class LiveLegs {
  first: Leg | undefined;

  add(leg: Leg): void {
    leg.liveNext = this.first;
    if (this.first !== undefined) this.first.livePrev = leg;
    this.first = leg;
  }

  remove(leg: Leg): void {
    if (leg.livePrev === undefined) this.first = leg.liveNext;
    else leg.livePrev.liveNext = leg.liveNext;
    if (leg.liveNext !== undefined) leg.liveNext.livePrev = leg.livePrev;
    leg.livePrev = leg.liveNext = undefined;
  }
}
