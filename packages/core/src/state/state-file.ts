import { constants } from "node:fs";
import { lstat, open, readdir, rename, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import writeFileAtomic from "write-file-atomic";

/** Ten times what 20,000 exits at 10 targets take; more is no state of ours, and would be read for nothing. */
const MOST_BYTES = 64 * 1024 * 1024;

export type ReadState = { kind: "none" } | { kind: "read"; text: string } | { kind: "bad"; reason: string };

/**
 * The state file: read once at start whatever it is, written whole or not at all.
 *
 * A killed process leaves the old file or the new one, never half of one: the new one is written beside it, flushed to the
 * disk and moved into its place. What kills leave beside it is swept away at the next start.
 */
export class StateFile {
  readonly path: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = resolve(path);
  }

  async read(): Promise<ReadState> {
    await this.#sweep();
    let file;
    try {
      // Not through a link: whoever can put one there would choose what we read, and later what we overwrite. Not blocking: it may be a pipe.
      file = await open(this.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === "ENOENT" ? { kind: "none" } : { kind: "bad", reason: code === "ELOOP" ? "it is a symbolic link" : `it cannot be opened (${code})` };
    }
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return { kind: "bad", reason: "it is no regular file" };
      if (stat.size > MOST_BYTES) return { kind: "bad", reason: `it has ${stat.size} bytes` };
      return { kind: "read", text: (await file.readFile("utf8")).replace(/^\uFEFF/, "") };
    } catch (error) {
      return { kind: "bad", reason: `it cannot be read (${(error as NodeJS.ErrnoException).code})` };
    } finally {
      await file.close();
    }
  }

  /** Saves follow one another; the last text given wins. Rejects where the disk refuses: the old file is still whole then. */
  write(text: string): Promise<void> {
    const saving = this.#writing.catch(() => {}).then(async () => {
      await writeFileAtomic(this.path, text, { mode: 0o600, fsync: true });
      await syncFolder(dirname(this.path));
    });
    this.#writing = saving;
    saving.catch(() => {});
    return saving;
  }

  /** Puts a file that could not be understood aside, for a person to look at; never a folder, whose path was a mistake. */
  async setAside(): Promise<string | undefined> {
    const aside = `${this.path}.bad`;
    try {
      if ((await lstat(this.path)).isDirectory()) return undefined;
      await rename(this.path, aside);
      return aside;
    } catch {
      return undefined;
    }
  }

  /** Temporary files of writers that were killed: the name, a dot and a number. */
  async #sweep(): Promise<void> {
    const folder = dirname(this.path);
    const prefix = `${basename(this.path)}.`;
    try {
      for (const name of await readdir(folder)) {
        if (name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length))) await unlink(join(folder, name));
      }
    } catch {
      // A folder that cannot be read will be spoken of when something has to be saved there.
    }
  }
}

/** A name in a folder is as safe as the folder's own blocks. Some systems cannot flush folders; the file itself is flushed there too. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // See above.
  }
}
