import type { Agent } from "node:http";
import { axiosAdapter } from "@multihome/axios-adapter";
import type { ExitPool } from "@multihome/core";
import { gotHooks } from "@multihome/got-hooks";
import axios from "axios";
import type { AxiosInstance } from "axios";
import got from "got";
import type { Got } from "got";
import { poolOf } from "./pools.ts";
import type { Contestant } from "./sampler.ts";
import { stubAgent, stubConnections } from "./stub-socket.ts";

const URL = "http://127.0.0.1:8080/api/v3/ping";

function byAxios(name: string, instance: AxiosInstance): Contestant {
  return {
    name,
    burst: 300,
    async run(requests) {
      for (let i = 0; i < requests; i++) await instance.get(URL);
    },
  };
}

function byGot(name: string, instance: Got): Contestant {
  return {
    name,
    burst: 300,
    async run(requests) {
      for (let i = 0; i < requests; i++) await instance(URL);
    },
  };
}

function byAxiosInTurn(name: string, instance: AxiosInstance, agents: readonly Agent[]): Contestant {
  let next = 0;
  return {
    name,
    burst: 300,
    async run(requests) {
      for (let i = 0; i < requests; i++) await instance.get(URL, { httpAgent: agents[next++ % agents.length] });
    },
  };
}

function byGotInTurn(name: string, instance: Got, agents: readonly Agent[]): Contestant {
  let next = 0;
  return {
    name,
    burst: 300,
    async run(requests) {
      for (let i = 0; i < requests; i++) await instance(URL, { agent: { http: agents[next++ % agents.length] } });
    },
  };
}

/** The adapters over stubbed connections, beside their clients alone over the same. */
export async function clients(): Promise<{ axiosFigures: Contestant[]; gotFigures: Contestant[]; pools: ExitPool[] }> {
  const pools = [await poolOf(250), await poolOf(250, { queue: { maxAttempts: 1 } }), await poolOf(20_000)];
  const [some, single, many] = pools;
  // What a program does by hand for as many addresses: an agent each, in turn. One warm socket against 250 would charge the pool for the cache.
  const agents = Array.from({ length: 250 }, stubAgent);
  stubConnections();
  return {
    pools,
    axiosFigures: [
      byAxiosInTurn("bare: axios, 250 agents in turn", axios.create({ proxy: false }), agents),
      byAxios("bare: axios, one agent", axios.create({ httpAgent: stubAgent(), proxy: false })),
      byAxios("axios with axiosAdapter, 250 exits", axios.create({ adapter: axiosAdapter(some) })),
      byAxios("axios with axiosAdapter, 250 exits, one attempt", axios.create({ adapter: axiosAdapter(single) })),
      byAxios("axios with axiosAdapter, 20,000 exits", axios.create({ adapter: axiosAdapter(many) })),
    ],
    gotFigures: [
      byGotInTurn("bare: got, 250 agents in turn", got.extend({ retry: { limit: 0 } }), agents),
      byGot("bare: got, one agent", got.extend({ agent: { http: stubAgent() }, retry: { limit: 0 } })),
      byGot("got with gotHooks, 250 exits", got.extend(gotHooks(some), { retry: { limit: 0 } })),
      byGot("got with gotHooks, 250 exits, one attempt", got.extend(gotHooks(single), { retry: { limit: 0 } })),
      byGot("got with gotHooks, 20,000 exits", got.extend(gotHooks(many), { retry: { limit: 0 } })),
    ],
  };
}
