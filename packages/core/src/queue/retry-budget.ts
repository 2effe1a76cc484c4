/** Second attempts stay under this share of requests … */
const SHARE = 0.2;
/** … plus so many a second, so that a program with few requests can still try again (both as Finagle's retry budget has them). */
const PER_SECOND = 10;
const SECONDS = 10;

/** Keeps second attempts from multiplying the load of a target that is failing everywhere. Counts over the last ten seconds. */
export class RetryBudget {
  private readonly requests = new Uint32Array(SECONDS);
  private readonly retries = new Uint32Array(SECONDS);
  private requestSum = 0;
  private retrySum = 0;
  private second = -1;
  /** Where that second is counted, and when it ends. */
  private at = 0;
  private endsAt = -Infinity;

  request(now: number): void {
    this.requests[this.slot(now)]++;
    this.requestSum++;
  }

  /** Counts a second attempt where one is allowed. */
  tryRetry(now: number): boolean {
    const slot = this.slot(now);
    if (this.retrySum >= this.requestSum * SHARE + PER_SECOND * SECONDS) return false;
    this.retries[slot]++;
    this.retrySum++;
    return true;
  }

  private slot(now: number): number {
    if (!(now < this.endsAt && now >= this.endsAt - 1_000)) this.turn(Math.floor(now / 1_000));
    return this.at;
  }

  private turn(second: number): void {
    const from = Math.max(this.second + 1, second - SECONDS + 1);
    for (let s = from; s <= second; s++) {
      const slot = slotOf(s);
      this.requestSum -= this.requests[slot];
      this.retrySum -= this.retries[slot];
      this.requests[slot] = this.retries[slot] = 0;
    }
    this.second = second;
    this.at = slotOf(second);
    this.endsAt = (second + 1) * 1_000;
  }
}

function slotOf(second: number): number {
  return ((second % SECONDS) + SECONDS) % SECONDS;
}
