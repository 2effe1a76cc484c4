import net from "node:net";
import type { Socket } from "node:net";
import tls from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";

/** Would lead elsewhere, set a second clock running, or take the bytes from the socket; an agent's options are full of them. */
const NOT_FOR_TLS: ReadonlySet<string> = new Set(["socket", "host", "port", "path", "servername", "localAddress", "localPort", "lookup", "timeout", "signal", "onread", "pipe"]);

/**
 * TLS over a socket that is connected already. The certificate is verified against `name`, by the defaults of Node unless
 * `options` says otherwise; an address is verified as an address and not sent as a server name (RFC 6066, section 3).
 */
export function startTls(socket: Socket, name: string, options: ConnectionOptions | undefined): TLSSocket {
  const settings: Record<string, unknown> = { socket, host: name };
  if (net.isIP(name) === 0) settings.servername = name;
  for (const [key, value] of Object.entries(options ?? {})) {
    // `undefined` would replace the default: without `checkServerIdentity` nobody compares the name.
    if (value !== undefined && !NOT_FOR_TLS.has(key)) settings[key] = value;
  }
  return tls.connect(settings);
}
