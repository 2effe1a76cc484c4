import { createHash } from "node:crypto";

/** A Lua script, and the name that the store knows it by once it has run it. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/**
 * What every script begins with. A byte that was changed on the way must neither count on a counter that nobody meant, nor
 * grant what nobody gave: the digest covers all keys and arguments, the answer carries one of its own.
 */
const PRELUDE = `
local id=ARGV[2]
local t=redis.call('TIME')
local now=t[1]*1000+math.floor(t[2]/1000)
local function reply(out)
  for i=1,#out do if type(out[i])=='number' then out[i]=string.format('%.0f',out[i]) end end
  local body=table.concat(out,' ')
  return body..' '..string.sub(redis.sha1hex(body),1,10)
end
if redis.sha1hex(table.concat(KEYS,'\\n')..'\\n'..table.concat(ARGV,'\\n',2))~=ARGV[1] then return reply({id,'damaged',now}) end
`;

export function script(body: string): Script {
  const text = PRELUDE + body;
  return { text, sha: sha1(text) };
}

/** The arguments of a call with their digest in front. */
export function signed(keys: readonly string[], args: readonly string[]): string[] {
  return [sha1(`${keys.join("\n")}\n${args.join("\n")}`), ...args];
}

/** The words of an answer after the id; `undefined` where it is not what the script has said to this call. */
export function readReply(reply: unknown, id: string): string[] | undefined {
  const text = typeof reply === "string" ? reply : reply instanceof Uint8Array ? Buffer.from(reply).toString() : "";
  const end = text.lastIndexOf(" ");
  if (end < 0 || sha1(text.slice(0, end)).slice(0, 10) !== text.slice(end + 1)) return undefined;
  const words = text.slice(0, end).split(" ");
  return words[0] === id && words[1] !== "damaged" ? words.slice(1) : undefined;
}

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}
