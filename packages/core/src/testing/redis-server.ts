import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { closedPort } from "./listener.ts";

let binaries: readonly string[] | undefined;

/**
 * What can be run here: Redis, Valkey, or both. Looked for once. `MULTIHOME_LEDGER_SERVER` names others instead, by name or path,
 * separated as in `PATH`; one of them that does not run is an error, for whoever named it means it.
 */
export function redisBinaries(): readonly string[] {
  if (binaries !== undefined) return binaries;
  const runs = (name: string): boolean => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0;
  const named = (process.env["MULTIHOME_LEDGER_SERVER"] ?? "").split(path.delimiter).filter((name) => name !== "");
  const missing = named.find((name) => !runs(name));
  if (missing !== undefined) throw new Error(`MULTIHOME_LEDGER_SERVER names ${missing}, which does not run.`);
  return (binaries = named.length > 0 ? named : ["redis-server", "valkey-server"].filter(runs));
}

/** For `test(…, { skip })`: false, or why there is nothing to test with. */
export function noRedis(): string | false {
  return redisBinaries().length > 0 ? false : "neither redis-server nor valkey-server is installed here";
}

/** A Redis or Valkey of the test's own, on a free port of the loopback, with nothing on disk: it can be killed, frozen and started empty. */
export class RedisServer {
  readonly port: number;
  readonly #binary: string;
  readonly #args: readonly string[];
  readonly #dir = mkdtempSync(path.join(tmpdir(), "multihome-redis-"));
  #child: ChildProcess | undefined;

  constructor(port: number, binary: string, args: readonly string[]) {
    this.port = port;
    this.#binary = binary;
    this.#args = args;
  }

  static async start(args: readonly string[] = [], binary = redisBinaries()[0]): Promise<RedisServer> {
    for (let triesLeft = 4; ; triesLeft--) {
      const server = new RedisServer(await closedPort(), binary, args);
      try {
        await server.start();
        return server;
      } catch (error) {
        // Somebody else may have taken the port meanwhile.
        await server.stop();
        if (triesLeft === 0) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const log = path.join(this.#dir, "log");
    rmSync(log, { force: true });
    const child = spawn(this.#binary, ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", this.#dir, "--logfile", log, ...this.#args], { stdio: "ignore" });
    this.#child = child;
    for (let i = 0; i < 2_400 && child.exitCode === null && child.signalCode === null; i++) {
      // Its own word that it listens: whoever answers on the port may be another.
      if (existsSync(log) && readFileSync(log, "utf8").includes("Ready to accept connections") && (await this.#answers())) return;
      await sleep(25);
    }
    throw new Error(`${this.#binary} did not start: ${existsSync(log) ? readFileSync(log, "utf8").slice(-500) : "it has no log"}`);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1");
      const done = (answers: boolean): void => {
        socket.destroy();
        resolve(answers);
      };
      socket.setTimeout(500, () => done(false));
      socket.on("error", () => done(false));
      socket.on("connect", () => socket.write("PING\r\n"));
      // A server that wants a password answers as well.
      socket.on("data", (data) => done(/^[+-]/.test(String(data)) && !String(data).startsWith("-LOADING")));
    });
  }
}
