import assert from "node:assert/strict";
import { test } from "node:test";
import { originOf } from "../../src/connect/index.ts";

test("an origin is what URL makes of its spelling", () => {
  assert.deepEqual(originOf("HTTPS://Api.Example.COM:443"), { protocol: "https:", host: "api.example.com", hostname: "api.example.com", port: 443, key: "https://api.example.com", literal: false });
  assert.deepEqual(originOf("http://127.0.0.1:8080"), { protocol: "http:", host: "127.0.0.1:8080", hostname: "127.0.0.1", port: 8_080, key: "http://127.0.0.1:8080", literal: true });
  assert.deepEqual(originOf("http://[::1]"), { protocol: "http:", host: "[::1]", hostname: "::1", port: 80, key: "http://[::1]", literal: true });
});

test("what is no absolute URL has none", () => {
  for (const spelling of ["", "/path", "api.example.com", "//api.example.com", "http://", "http://a b"]) assert.equal(originOf(spelling), undefined, spelling);
});

test("it is worked out once for each spelling, but of one with a password nothing is kept", () => {
  assert.equal(originOf("http://once.example.com"), originOf("http://once.example.com"));
  const secret = "http://user:password@once.example.com";
  assert.notEqual(originOf(secret), originOf(secret));
  assert.equal(JSON.stringify(originOf(secret)).includes("password"), false);
});

test("what is longer than any origin is not kept either", () => {
  const long = `data:text/plain,${"x".repeat(1_000)}`;
  assert.notEqual(originOf(long), originOf(long));
  assert.equal(originOf(long)?.protocol, "data:");
});
