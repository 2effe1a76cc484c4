import type { InternalAxiosRequestConfig } from "axios";

const ELSEWHERE = 'Send this request with axios\'s own adapter instead: { adapter: "http" }.';

/**
 * Options that lead past the exits. Ignoring them would do something else than was asked for; obeying them would leave by
 * an address that nobody leased. So the request is refused, with a sentence that says what to do.
 */
export function unsupported(config: InternalAxiosRequestConfig): string | undefined {
  if (config.socketPath) return `\`socketPath\` leads to a Unix socket of this machine; there is no exit to it. ${ELSEWHERE}`;
  if (config.httpVersion !== undefined && Number(config.httpVersion) === 2) {
    return `\`httpVersion: 2\` takes axios past the agents that bind a request to its exit. Leave the option out to send HTTP/1.1 through an exit. Or: ${ELSEWHERE}`;
  }
  if (config.proxy) return `\`proxy\` names a way out of your own, and the pool has chosen another. List the proxy among the pool's \`exits.proxies\`, or set \`proxy: false\`. Or: ${ELSEWHERE}`;
  return agentTrouble("httpAgent", config.httpAgent) ?? agentTrouble("httpsAgent", config.httpsAgent);
}

/** Proxy agents of every make: agent-base (`connect`, before that `callback`) and what is built on it, hpagent, tunnel, proxy-agent. */
const OF_PROXY_AGENTS = ["proxy", "proxies", "proxyOptions", "getProxyForUrl", "connect", "callback"] as const;
const OF_BOUND_AGENTS = ["localAddress", "localPort", "socketPath"] as const;

const judged = new WeakMap<object, string | null>();

/** An ordinary agent gives its TLS options to ours; one with a way out of its own cannot be followed. */
function agentTrouble(name: string, agent: unknown): string | undefined {
  if (typeof agent !== "object" || agent === null) return undefined;
  let trouble = judged.get(agent);
  if (trouble === undefined) judged.set(agent, (trouble = judge(name, agent)));
  return trouble ?? undefined;
}

function judge(name: string, agent: object): string | null {
  const proxy = OF_PROXY_AGENTS.find((key) => (agent as Record<string, unknown>)[key] !== undefined);
  if (proxy !== undefined) return `\`${name}\` is a proxy agent (it has \`${proxy}\`), and the pool has chosen another way. List the proxy among the pool's \`exits.proxies\` and leave the agent out. Or: ${ELSEWHERE}`;
  const options = (agent as { options?: Record<string, unknown> }).options ?? {};
  const bound = OF_BOUND_AGENTS.find((key) => options[key] !== undefined && options[key] !== null);
  if (bound !== undefined) return `\`${name}\` has the option \`${bound}\`, and the pool has chosen another way. List the address among the pool's \`exits.local\` and leave the option out. Or: ${ELSEWHERE}`;
  return null;
}
