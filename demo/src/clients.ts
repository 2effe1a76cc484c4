import type { AxiosInstance } from "axios";
import type { Got } from "got";
import { API_KEY } from "./workload.ts";
import type { Send } from "./workload.ts";

// Nothing in this file knows of a pool: these are the programs that are to stay as they are.

const ORDER_HEADERS = { "content-type": "application/x-www-form-urlencoded", "x-mbx-apikey": API_KEY };

export function sendByAxios(client: AxiosInstance, url: string): Send {
  return async ({ method, path, body }) => {
    const { status } = await client.request({ method, url: url + path, data: body, headers: body === undefined ? {} : ORDER_HEADERS, validateStatus: () => true });
    return status;
  };
}

export function sendByGot(client: Got, url: string): Send {
  return async ({ method, path, body }) => {
    const { statusCode } = await client(url + path, { method, body, headers: body === undefined ? {} : ORDER_HEADERS, throwHttpErrors: false });
    return statusCode;
  };
}

export function sendByFetch(url: string): Send {
  return async ({ method, path, body }) => {
    const response = await fetch(url + path, body === undefined ? { method } : { method, body, headers: ORDER_HEADERS });
    await response.arrayBuffer();
    return response.status;
  };
}
