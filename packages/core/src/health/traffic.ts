const SECONDS = 64;

/** Answers of the whole pool by second, for throughput and success rate. Costs one increment an answer. */
export class Traffic {
  completed = 0;
  failed = 0;
  avgLatencyMs = 0;
  private readonly answered = new Uint32Array(SECONDS);
  private readonly good = new Uint32Array(SECONDS);
  private readonly bad = new Uint32Array(SECONDS);
  private second = -1;
  /** Where that second is counted, and when it ends. */
  private at = 0;
  private endsAt = 0;

  /** A request has its answer. */
  answeredAt(now: number, latencyMs: number): void {
    this.completed++;
    this.avgLatencyMs = this.completed === 1 ? latencyMs : this.avgLatencyMs + 0.05 * (latencyMs - this.avgLatencyMs);
    this.answered[this.slot(now)]++;
  }

  /** An attempt has ended with something that speaks for or against its exit. */
  attemptAt(now: number, success: boolean): void {
    (success ? this.good : this.bad)[this.slot(now)]++;
  }

  /** Answers per second over the last `seconds` whole seconds and the one that is running. */
  perSecond(now: number, seconds: number): number {
    return this.sum(this.answered, now, seconds) / seconds;
  }

  successRate1m(now: number): number {
    const { good, all } = this.attempts1m(now);
    return all === 0 ? 0 : good / all;
  }

  /** Attempts of the last minute that spoke for or against their exits, and how many of them spoke for it. */
  attempts1m(now: number): { good: number; all: number } {
    const good = this.sum(this.good, now, 60);
    return { good, all: good + this.sum(this.bad, now, 60) };
  }

  /** Answers of the last `seconds` whole seconds, at most 63, oldest first. */
  answeredBySecond(now: number, seconds: number): Uint32Array {
    const running = this.slot(now);
    return Uint32Array.from({ length: seconds }, (_, i) => this.answered[(running - seconds + i + SECONDS) % SECONDS]);
  }

  private sum(counts: Uint32Array, now: number, seconds: number): number {
    const last = this.slot(now);
    let sum = 0;
    for (let i = 0; i < seconds; i++) sum += counts[(last - i + SECONDS) % SECONDS];
    return sum;
  }

  private slot(now: number): number {
    return now < this.endsAt && now >= this.endsAt - 1_000 ? this.at : this.slotOf(Math.floor(now / 1_000));
  }

  private slotOf(second: number): number {
    if (second > this.second) this.turn(second);
    // What is told late belongs to its own second while that is still kept.
    return second <= this.second - SECONDS ? this.at : slotOf(second);
  }

  private turn(second: number): void {
    for (let s = Math.max(this.second + 1, second - SECONDS + 1); s <= second; s++) {
      const slot = slotOf(s);
      this.answered[slot] = this.good[slot] = this.bad[slot] = 0;
    }
    this.second = second;
    this.at = slotOf(second);
    this.endsAt = (second + 1) * 1_000;
  }
}

function slotOf(second: number): number {
  return ((second % SECONDS) + SECONDS) % SECONDS;
}
