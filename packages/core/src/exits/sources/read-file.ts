import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { ListIntake } from "./list-intake.ts";

const CHUNK_BYTES = 65_536;
// Without it, opening a pipe waits for somebody to write to it, in one of the few threads that read files. Windows has no such flag.
const DO_NOT_WAIT = (constants.O_NONBLOCK as number | undefined) ?? 0;

/** Reads a file into `intake`, no more of it than that wants. */
export async function readFileList(path: string, intake: ListIntake, signal: AbortSignal): Promise<void> {
  const file = await open(path, constants.O_RDONLY | DO_NOT_WAIT);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error("it is no regular file");
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    while (!signal.aborted) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return intake.end();
      if (!(await intake.addBytes(buffer.subarray(0, bytesRead)))) return undefined;
    }
    return undefined;
  } finally {
    await file.close();
  }
}
