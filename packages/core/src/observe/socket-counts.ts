import type { Exit } from "../model/exit.ts";

export const EXIT_KINDS = ["local", "direct", "socks5", "http"] as const satisfies readonly Exit["kind"][];
/** A connection was opened, or where it has failed; `aborted`: nobody waited for it any more. */
export const CONNECT_RESULTS = ["opened", "tcp", "handshake", "tls", "aborted"] as const;
export type ConnectResult = (typeof CONNECT_RESULTS)[number];

/** Of one kind of exits. */
interface Row {
  connecting: number;
  open: number;
  readonly results: Record<ConnectResult, number>;
}

/** The sockets of a pool by the kind of their exits, whichever client they are for. Counted where they are opened. */
export class SocketCounts {
  readonly #rows: Record<Exit["kind"], Row> = { local: emptyRow(), direct: emptyRow(), socks5: emptyRow(), http: emptyRow() };

  of(kind: Exit["kind"]): Readonly<Row> {
    return this.#rows[kind];
  }

  /** A connection is on its way: one of the results follows. */
  begins(kind: Exit["kind"]): void {
    this.#rows[kind].connecting++;
  }

  /** After `opened` the socket's own end follows. */
  ends(kind: Exit["kind"], result: ConnectResult): void {
    const row = this.#rows[kind];
    row.connecting--;
    row.results[result]++;
    if (result === "opened") row.open++;
  }

  closed(kind: Exit["kind"]): void {
    this.#rows[kind].open--;
  }
}

function emptyRow(): Row {
  return { connecting: 0, open: 0, results: { opened: 0, tcp: 0, handshake: 0, tls: 0, aborted: 0 } };
}
