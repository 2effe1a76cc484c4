import assert from "node:assert/strict";
import { test } from "node:test";
import { counterKey, pauseKey } from "../../src/quota/counter-key.ts";

test("a counter's key names who is counted, where and by what, and no part can be taken for two", () => {
  assert.equal(counterKey("binance", "weight-1m", "exit", "10.0.0.1", undefined, undefined), "exit:10.0.0.1|binance|weight-1m");
  assert.equal(counterKey("okx", "ticker", "account", "10.0.0.1", "key", "BTC-USDT"), "account:key|okx|ticker|BTC-USDT");
  assert.equal(counterKey("okx", "all", "target", "10.0.0.1", "key", undefined), "target|okx|all");
  assert.notEqual(counterKey("t", "l", "account", "", "a|t", undefined), counterKey("t|t", "l", "account", "", "a", undefined));
});

test("a pause covers what begins with its key", () => {
  assert.equal(pauseKey("binance", "exit", "10.0.0.1", undefined), "exit:10.0.0.1|binance");
  assert.ok(counterKey("binance", "weight-1m", "exit", "10.0.0.1", undefined, undefined).startsWith(`${pauseKey("binance", "exit", "10.0.0.1", undefined)}|`));
  assert.equal(pauseKey("a|b", "account", "", "me"), "account:me|a%7Cb");
  assert.equal(pauseKey("okx", "target", "10.0.0.1", "me"), "target|okx");
});
