import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { closedPort } from "@multihome/core/testing";

/** Why there can be no test with it, or `undefined` where it is installed. */
export function microsocksMissing(): string | undefined {
  const { error } = spawnSync("microsocks", ["-?"], { timeout: 5_000 });
  return error !== undefined && "code" in error && error.code === "ENOENT" ? "microsocks is not installed (apt-get install microsocks)" : undefined;
}

export interface Microsocks {
  readonly url: string;
  /** The address that its tunnels leave by. */
  readonly egress: string;
  close(): Promise<void>;
}

/** A SOCKS5 server of somebody else's making, a process of its own. */
export async function startMicrosocks(egress: string, username: string, password: string): Promise<Microsocks> {
  // Between here and its start another program may take the port: then it ends at once, and another one is tried.
  for (let tries = 0; ; tries++) {
    const port = await closedPort();
    const child = spawn("microsocks", ["-i", "127.0.0.1", "-p", String(port), "-u", username, "-P", password, "-b", egress], { stdio: "ignore" });
    const close = async (): Promise<void> => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    };
    if (await listens(child, port)) return { url: `socks5://${encodeURIComponent(username)}:${encodeURIComponent(password)}@127.0.0.1:${port}`, egress, close };
    await close();
    if (tries >= 5) throw new Error("microsocks does not start.");
  }
}

async function listens(child: ChildProcess, port: number): Promise<boolean> {
  for (let tries = 0; tries < 500 && child.exitCode === null; tries++) {
    const socket = connect(port, "127.0.0.1");
    const open = await once(socket, "connect").then(() => true, () => false);
    socket.destroy();
    if (open) return child.exitCode === null;
    await delay(20);
  }
  return false;
}
