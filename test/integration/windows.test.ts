import assert from "node:assert/strict";
import { test } from "node:test";
import { axiosClient } from "../support/contract-axios.ts";
import { fillWindows } from "../support/contract-exchange.ts";
import { gotClient } from "../support/contract-got.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";

for (const client of [axiosClient, gotClient, undiciClient, fetchClient]) {
  test(`${client.name}: twenty exits that always have something to send are never refused`, async () => {
    const { limited, banned, requests } = await fillWindows(client, 20, 3);

    assert.deepEqual({ limited, banned }, { limited: 0, banned: 0 });
    // How much of a budget is used depends on the machine; that something was sent does not.
    assert.ok(requests > 20, `${requests} requests`);
  });
}
