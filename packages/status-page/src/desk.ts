import type { ExitPool } from "@multihome/core";
import { exitFrame, exitFrames } from "./exit-frames.ts";
import { explainAnswer, explainTaskAnswer } from "./explain.ts";
import { Feed } from "./feed.ts";
import { Guard, type GuardOptions } from "./guard.ts";
import { pageAnswer } from "./page.ts";
import { requestFrames } from "./request-frames.ts";
import { answer, BodyTooLarge, json, plain, type Answer, type Question } from "./question.ts";

/** More than any request that somebody types in to have it explained. */
const MOST_BODY = 64 * 1024;

/** Everything that is asked of the page, whichever way it comes: all of it at one path, told apart by `?data=`. */
export class Desk {
  readonly feed: Feed;
  readonly #pool: ExitPool;
  readonly #guard: Guard;

  constructor(pool: ExitPool, options: GuardOptions) {
    this.#guard = new Guard(options);
    this.#pool = pool;
    this.feed = Feed.of(pool);
  }

  async answer(question: Question): Promise<Answer> {
    const { method, query } = question;
    const data = query.get("data");
    const reads = method === "GET" || method === "HEAD";
    // Before the token is asked for: it may be in the address. Never for a name that is not ours.
    const refusal = this.#guard.refusal(question);
    if (refusal !== undefined && (refusal.status !== 401 || !reads || data !== null)) return refusal;
    if (reads && data === null && query.has("token")) {
      const welcome = this.#guard.welcome(question);
      if (welcome !== undefined) return welcome;
    }
    if (refusal !== undefined) return refusal;
    if (!reads && !(method === "POST" && data === "explain")) return plain(405, "Only GET and HEAD, and POST to have a request explained.", { allow: data === "explain" ? "GET, HEAD, POST" : "GET, HEAD" });
    if (data === null) return pageAnswer(question);
    if (this.feed.closed) return json({ error: "The pool is closed." }, 503);
    return this.#data(data, question);
  }

  async #data(data: string, question: Question): Promise<Answer> {
    const { query } = question;
    const { feed } = this;
    switch (data) {
      case "stream":
        if (feed.full) return plain(503, "A hundred look already.", { "retry-after": "10" });
        return { ...answer(200, "text/event-stream; charset=utf-8", undefined, { "x-accel-buffering": "no" }), stream: true };
      case "hello":
        return json(feed.hello());
      case "names":
        feed.fresh();
        return json(feed.rows.names());
      case "columns":
        feed.fresh();
        return answer(200, "application/octet-stream", feed.rows.cut(Number(query.get("since") ?? 0), Number(query.get("revision") ?? 0)));
      case "exit": {
        const found = exitFrame(this.#pool, query.get("id") ?? "");
        return found === undefined ? json({ error: "There is no such exit." }, 404) : json(found);
      }
      case "exits":
        feed.fresh();
        return json(feed.perFrame("exits", () => JSON.stringify(exitFrames(this.#pool, feed.rows.first(100)))));
      case "requests":
        feed.fresh();
        return json(feed.perFrame("requests", () => JSON.stringify(requestFrames(this.#pool))));
      case "task":
        return explainTaskAnswer(this.#pool, query.get("id") ?? "");
      case "explain":
        return question.method === "POST" ? await this.#explainBody(question) : explainAnswer(this.#pool, { method: query.get("method") ?? "GET", url: query.get("url") });
      default:
        return json({ error: "There is no such data." }, 404);
    }
  }

  async #explainBody(question: Question): Promise<Answer> {
    // A form of another site can send text, but not this type, without being asked first.
    if (!/^application\/json\b/i.test(question.header("content-type") ?? "")) return json({ error: "Expected application/json." }, 415);
    try {
      return explainAnswer(this.#pool, JSON.parse(await question.body(MOST_BODY)));
    } catch (error) {
      if (error instanceof BodyTooLarge) return { ...json({ error: `At most ${MOST_BODY} bytes.` }, 413), headers: { ...json("").headers, connection: "close" } };
      return json({ error: "Expected JSON." }, 400);
    }
  }
}
