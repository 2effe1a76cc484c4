import { PARTS } from "./reserve-script.ts";
import { script } from "./script.ts";

/**
 * Corrects counters after the fact: gives back, counts what was spent without asking, raises to what a server says.
 *
 * KEYS: the epoch, the counters. ARGV: digest, id, epoch as the caller knows it, not after (the store's clock); for each correction: index of its counter, align, span,
 * limit, window (0 on a sliding one: now), units to add, figure to raise to. What is given back after the store has lost its memory is not
 * in it any more.
 */
export const CORRECT = script(`
local N=${PARTS}
local na=tonumber(ARGV[4])
if na>0 and now>na then return reply({id,'late',now}) end
local e=redis.call('GET',KEYS[1])
local same=e and string.match(e,'^(%S+)')==ARGV[3]
local done=0
for base=5,#ARGV,7 do
  local key=KEYS[1+tonumber(ARGV[base])]
  local align,per,limit=ARGV[base+1],tonumber(ARGV[base+2]),tonumber(ARGV[base+3])
  local idx,add,top=tonumber(ARGV[base+4]),tonumber(ARGV[base+5]),tonumber(ARGV[base+6])
  local shape=align..ARGV[base+2]
  local s=redis.call('HGET',key,'s')
  if (not s or s==shape) and (add>=0 or same) then
    local put={}
    if align=='b' then
      local v=redis.call('HMGET',key,'d','t')
      local d,at=tonumber(v[1] or 0),tonumber(v[2] or now)
      local level=math.max(0,d-math.max(0,now-at)*limit)
      level=math.max(0,level+add*per)
      if top*per>level then level=top*per end
      put={'d',string.format('%.0f',level),'t',string.format('%.0f',now)}
    else
      if align=='s' and idx==0 then idx=math.floor(now*N/per)+1 end
      local field=string.format('%.0f',idx)
      local v=tonumber(redis.call('HGET',key,field) or 0)
      local after=math.max(0,v+add)
      if top>0 and align=='f' and top>after then after=top end
      if top>0 and align=='s' then
        local sum,first=after-v,math.floor(now*N/per)-N
        local h=redis.call('HGETALL',key)
        for j=1,#h,2 do local w=tonumber(h[j]) if w and w>=first then sum=sum+tonumber(h[j+1]) end end
        if top>sum then after=after+top-sum end
      end
      if after~=v then put={field,string.format('%.0f',after)} end
    end
    if #put>0 then
      if not s then for _,v in ipairs({'s',shape,'l',string.format('%.0f',limit),'a',string.format('%.0f',now)}) do put[#put+1]=v end end
      redis.call('HSET',key,unpack(put))
      redis.call('PEXPIRE',key,2*per+10000)
      done=done+1
    end
  end
end
return reply({id,'ok',now,done})
`);

/** Lengthens a pause; never shortens one. KEYS: the pauses. ARGV: digest, id, name, milliseconds, reason. */
export const PAUSE = script(`
local cur=redis.call('HGET',KEYS[1],ARGV[3])
local till=cur and tonumber(string.match(cur,'^(%d+)')) or 0
local ms=tonumber(ARGV[4])
if now+ms>till then
  redis.call('HSET',KEYS[1],ARGV[3],string.format('%.0f ',now+ms)..ARGV[5])
  if redis.call('PTTL',KEYS[1])<ms then redis.call('PEXPIRE',KEYS[1],ms) end
  till=now+ms
end
return reply({id,'ok',now,till-now})
`);

/** Says that a process lives, or that it leaves; tells how many live. KEYS: the processes. ARGV: digest, id, name, how long one is remembered, 1 to leave. */
export const BEAT = script(`
local keep=tonumber(ARGV[4])
if ARGV[5]=='1' then redis.call('ZREM',KEYS[1],ARGV[3]) else redis.call('ZADD',KEYS[1],now,ARGV[3]) end
redis.call('ZREMRANGEBYSCORE',KEYS[1],'-inf',now-keep)
redis.call('ZREMRANGEBYSCORE',KEYS[1],now+keep,'+inf')
redis.call('PEXPIRE',KEYS[1],keep*10)
return reply({id,'ok',now,redis.call('ZCARD',KEYS[1])})
`);
