import { ManualClock, createExchangeCore } from "../../src/testing/index.ts";
import type { ExchangeAnswer, ExchangeCore, ExchangeOptions, ExchangeRequest } from "../../src/testing/index.ts";

/** A clock that stands at the start of a window, and an exchange on it. */
export function exchange(options: ExchangeOptions = {}): { clock: ManualClock; core: ExchangeCore; ask: (path: string, more?: Partial<ExchangeRequest>) => ExchangeAnswer } {
  const clock = new ManualClock();
  const core = createExchangeCore({ clock, ...options });
  return {
    clock,
    core,
    ask: (path, more = {}) => {
      const [plain, query] = path.split("?");
      return core.handle({ address: "10.0.0.1", method: "GET", path: plain, ...(query === undefined ? {} : { query }), ...more });
    },
  };
}

export function order(id: string, key = "key-1"): Partial<ExchangeRequest> {
  return { method: "POST", headers: { "x-mbx-apikey": key }, body: `symbol=BTCUSDT&newClientOrderId=${id}` };
}

export function codeOf(answer: ExchangeAnswer): number {
  return (JSON.parse(answer.body) as { code: number }).code;
}
