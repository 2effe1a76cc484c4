// Rule: what the pages say compiles in a CommonJS program as well, which has axios's types from another file.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { axiosAdapter } from "@multihome/axios-adapter";
import { createExitPool } from "@multihome/core";
import { startExchange } from "@multihome/core/testing";
import type { AxiosRequestConfig, AxiosStatic } from "axios" with { "resolution-mode": "require" };

const required = createRequire(import.meta.url)("axios") as AxiosStatic;

test("a program that requires axios hands it over and gives hints, and its errors are its own axios's", async () => {
  const exchange = await startExchange();
  await using pool = createExitPool({ exits: { local: ["127.0.3.7"] }, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const client = required.create({ adapter: axiosAdapter(pool, { axios: required }) });
  const config: AxiosRequestConfig = { multihome: { priority: 1 } };

  await client.get(`${exchange.url}/api/v3/time`, config);
  // @ts-expect-error: a hint that there is not is an error of types, and no more than a warning when it runs
  await client.get(`${exchange.url}/api/v3/time`, { multihome: { prio: 1 } });
  await assert.rejects(client.get(`${exchange.url}/nowhere`), (error: unknown) => error instanceof required.AxiosError && error.response?.status === 404);

  assert.deepEqual(Object.keys(exchange.books().addresses), ["127.0.3.7"]);
  await exchange.close();
});
