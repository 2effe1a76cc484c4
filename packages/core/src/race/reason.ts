/** As much of an error's message as fits a line. */
const MOST = 120;
/** What stands before the host of an address, and after its path: passwords, signatures, keys. */
const SECRET = /(?<=:\/\/)[^\s/?#@]*@|(?<=[?#])[^\s"'`]+/g;

/** What an error says, in a few words and without what its addresses may carry: it goes to logs, events and errors of others. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error) {
    const { code } = error as { code?: unknown };
    return typeof code === "string" ? code : brief(error.message);
  }
  return typeof error === "string" ? brief(error) : "unknown";
}

function brief(text: string): string {
  // Cut after the secrets are out: half of one would not be found.
  return text.slice(0, 10_000).replace(SECRET, "…").slice(0, MOST);
}
