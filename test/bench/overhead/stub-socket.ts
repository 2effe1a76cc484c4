import http from "node:http";
import net from "node:net";
import { Duplex } from "node:stream";

const ANSWER = Buffer.from("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok");

/** A connection that answers each request without a body at once: all of Node's HTTP is above it, and no system call beneath. */
class StubSocket extends Duplex {
  connecting = true;
  readonly remoteAddress = "127.0.0.1";

  /** What was asked for: the connector looks at what the system really chose. */
  readonly localAddress: string | undefined;

  constructor(options: { localAddress?: string } = {}) {
    super();
    this.localAddress = options.localAddress;
    process.nextTick(() => {
      this.connecting = false;
      this.emit("connect");
    });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    callback();
    if (chunk.subarray(-4).toString("latin1") === "\r\n\r\n") setImmediate(() => this.push(ANSWER));
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** Every connection from here on is a stub. */
export function stubConnections(): void {
  net.connect = ((options: { localAddress?: string }) => new StubSocket(options)) as unknown as typeof net.connect;
}

/** For a client without a pool. */
export function stubAgent(): http.Agent {
  const agent = new http.Agent({ keepAlive: true });
  (agent as unknown as { createConnection: () => Duplex }).createConnection = () => new StubSocket();
  return agent;
}
