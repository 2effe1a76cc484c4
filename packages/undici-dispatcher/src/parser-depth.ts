/**
 * undici's parser of HTTP/1.1 cannot be entered twice: while it calls a handler of one connection, no other connection may
 * be read. What the core does in answer to a report, such as serving the next request in line, would do that.
 */
let depth = 0;

export function enterParser(): void {
  depth++;
}

export function leaveParser(): void {
  depth--;
}

/** Is somebody being told, further up the stack, what came of a leg? Whoever wants to use another connection then waits a microtask. */
export function insideParser(): boolean {
  return depth > 0;
}
