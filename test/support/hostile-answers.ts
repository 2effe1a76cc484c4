import { createServer } from "node:net";
import type { Socket } from "node:net";
import { listen } from "@multihome/core/testing";

/** What a client may make of an answer: an answer with a status, an error, or either, where clients differ and both are right. */
export type Outcome = "answer" | "error" | "either";

export interface HostileAnswer {
  readonly outcome: Outcome;
  readonly say: (socket: Socket) => void;
}

function head(extra = "", status = "200 OK"): string {
  return `HTTP/1.1 ${status}\r\nConnection: close\r\n${extra}`;
}

/** Whole answer, then the end. */
function ends(outcome: Outcome, text: string | Uint8Array): HostileAnswer {
  return { outcome, say: (socket) => void socket.end(text) };
}

function every(socket: Socket, ms: number, write: () => void): void {
  const timer = setInterval(() => {
    if (socket.writable) write();
    else clearInterval(timer);
  }, ms);
  socket.once("close", () => clearInterval(timer));
}

/** Answers of bad manners, each to a connection of its own. */
export const HOSTILE_ANSWERS: Readonly<Record<string, HostileAnswer>> = {
  "nothing, and the end": ends("error", ""),
  "a reset": { outcome: "error", say: (socket) => void socket.resetAndDestroy() },
  "silence": { outcome: "error", say: () => undefined },
  "a head byte by byte, without end": { outcome: "error", say: (socket) => every(socket, 40, () => socket.write("X")) },
  "a head of headers without end": {
    outcome: "error",
    say(socket) {
      let n = 0;
      socket.write(head());
      every(socket, 5, () => socket.write(`X-H${n++}: y\r\n`));
    },
  },
  "half a head, and the end": ends("error", head("Content-Le")),
  "a body cut by a reset": {
    outcome: "error",
    say(socket) {
      socket.write(`${head("Content-Length: 1000\r\n\r\n")}${"x".repeat(500)}`, () => setTimeout(() => socket.resetAndDestroy(), 20));
    },
  },
  "a body cut by the end": ends("error", `${head("Content-Length: 1000\r\n\r\n")}${"x".repeat(500)}`),
  "chunks cut inside one": ends("error", `${head("Transfer-Encoding: chunked\r\n\r\n")}1f4\r\nxxx`),
  "chunks cut between two": ends("error", `${head("Transfer-Encoding: chunked\r\n\r\n")}3\r\nxxx\r\n`),
  "a chunk of a size that is none": ends("error", `${head("Transfer-Encoding: chunked\r\n\r\n")}zz\r\nxxx\r\n0\r\n\r\n`),
  "a body that drips for ever": {
    outcome: "error",
    say(socket) {
      socket.write(head("Transfer-Encoding: chunked\r\n\r\n"));
      every(socket, 40, () => socket.write("1\r\nz\r\n"));
    },
  },
  "a body that pours for ever": {
    outcome: "error",
    say(socket) {
      const block = Buffer.alloc(65_536, "x");
      socket.write(head("\r\n"));
      // Fast enough for any cap, slow enough to leave a processor to the others.
      every(socket, 10, () => socket.write(block));
    },
  },
  "gzip that is none": ends("either", `${head("Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\n")}hello`),
  "101 that nobody asked for": { outcome: "error", say: (socket) => void socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nzzzz") },
  "ten thousand early hints, then an answer": {
    outcome: "either",
    say(socket) {
      const hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(10_000);
      socket.write(hints, () => socket.end(`${head("Content-Length: 2\r\n\r\n")}ok`));
    },
  },
  "early hints without end": { outcome: "error", say: (socket) => every(socket, 5, () => socket.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")) },
  "a header of 100 kB": ends("error", `${head(`X-Big: ${"a".repeat(100_000)}\r\nContent-Length: 2\r\n\r\n`)}ok`),
  "five thousand headers": ends("either", `${head(`${Array.from({ length: 5_000 }, (_, i) => `X${i}: 1`).join("\r\n")}\r\nContent-Length: 2\r\n\r\n`)}ok`),
  "two lengths": ends("error", `${head("Content-Length: 2\r\nContent-Length: 3\r\n\r\n")}ok!`),
  "a length and chunks": ends("either", `${head("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n")}0\r\n\r\n`),
  "a negative length": ends("error", `${head("Content-Length: -5\r\n\r\n")}ok`),
  "status 999": ends("either", head("Content-Length: 0\r\n\r\n", "999 Nope")),
  "status 000": ends("either", head("Content-Length: 0\r\n\r\n", "000 X")),
  "no head at all": ends("error", "hello"),
  "line ends without a carriage return": ends("either", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
  "headers named like parts of an object": ends("answer", `${head("__proto__: x\r\nconstructor: y\r\nhasOwnProperty: z\r\nContent-Length: 2\r\n\r\n")}ok`),
  "headers of other letters": ends("answer", Buffer.from(`${head("X-L: \xff\xfe\r\nContent-Length: 2\r\n\r\n")}ok`, "latin1")),
  "a weight that is none": ends("answer", `${head("X-MBX-USED-WEIGHT-1M: 1e309\r\nX-MBX-USED-WEIGHT-1D: -5\r\nContent-Length: 2\r\n\r\n")}ok`),
  "a weight twice": ends("answer", `${head("X-MBX-USED-WEIGHT-1M: 10\r\nX-MBX-USED-WEIGHT-1M: 5999\r\nContent-Length: 2\r\n\r\n")}ok`),
  "429 until the year 9999": ends("answer", head("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n", "429 Too Many")),
  "418 for a negative time": ends("answer", head("Retry-After: -1\r\nContent-Length: 0\r\n\r\n", "418 Teapot")),
  "a second answer that nobody asked for": { outcome: "answer", say: (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged") },
  "an answer in pieces of a byte": {
    outcome: "answer",
    say(socket) {
      const bytes = Buffer.from(`${head("Content-Length: 2\r\n\r\n")}ok`);
      let at = 0;
      every(socket, 1, () => (at < bytes.length ? socket.write(bytes.subarray(at, ++at)) : socket.end()));
    },
  },
};

export interface HostileServer {
  /** Of the answer with that name. */
  url(name: string): string;
  readonly open: number;
  close(): Promise<void>;
}

export async function startHostileServer(): Promise<HostileServer> {
  const names = Object.keys(HOSTILE_ANSWERS);
  const listener = await listen(
    createServer((socket) => {
      let asked = "";
      socket.on("data", (chunk) => {
        if (asked === "done") return;
        asked += chunk.toString("latin1");
        const found = /^[A-Z]+ \/(\d+) [^]*\r\n\r\n/.exec(asked);
        if (found === null) return;
        asked = "done";
        HOSTILE_ANSWERS[names[Number(found[1])]].say(socket);
      });
    }),
  );
  return {
    url: (name) => `http://127.0.0.1:${listener.port}/${names.indexOf(name)}`,
    get open() {
      return listener.sockets.size;
    },
    close: () => listener.close(),
  };
}
