import { EPOCH } from "./epoch.ts";
import { PARTS } from "./reserve-script.ts";
import { script } from "./script.ts";

const APPLY = `
local N=${PARTS}
local function apply(from,same,recalls)
local done=0
for base=from,#ARGV,7 do
  local key=KEYS[2+tonumber(ARGV[base])]
  local align,per,limit=ARGV[base+1],tonumber(ARGV[base+2]),tonumber(ARGV[base+3])
  local idx,add,top=tonumber(ARGV[base+4]),tonumber(ARGV[base+5]),tonumber(ARGV[base+6])
  local shape=align..ARGV[base+2]
  local s=redis.call('HGET',key,'s')
  if recalls and add>0 then
    top=math.max(top,redis.call('HINCRBY',KEYS[2],'y:'..key..':'..ARGV[base+4],ARGV[base+5]))
    add=0
  end
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
return done
end
`;

/**
 * Corrects counters after the fact: gives back, counts what was spent without asking, raises to what a server says.
 *
 * KEYS: the epoch, who has recalled, the counters. ARGV: digest, id, epoch as the caller knows it, not after (the store's clock); for each correction: index of its counter, align, span,
 * limit, window (0 on a sliding one: now), units to add, figure to raise to. What is given back after the store has lost its memory is not
 * in it any more.
 */
export const CORRECT = script(`${APPLY}
local na=tonumber(ARGV[4])
if na>0 and now>na then return reply({id,'late',now}) end
local e=redis.call('GET',KEYS[1])
local same=e and string.match(e,'^(%S+)')==ARGV[3]
return reply({id,'ok',now,apply(5,same)})
`);

/**
 * Says what a process has spent, where the store has lost its memory; where it has not, or knows it already, nothing happens.
 * A counter is what all of them have spent together, or what the server has told one of them, whichever is more; or what
 * it still is, where only the clock has jumped.
 *
 * KEYS: as above. ARGV: digest, id, epoch as the caller knows it, a new one, name of the process, how many there are, 1 after a jump;
 * corrections as above.
 */
export const RECALL = script(`${EPOCH}${APPLY}
local ep=epoch(ARGV[3],ARGV[4],ARGV[6],ARGV[7]=='1')
if not ep then return reply({id,'foreign',now,1}) end
if ep.lost==0 then return reply({id,'ok',now,ep.id,0}) end
keep(ep)
local new=redis.call('HSETNX',KEYS[2],'p:'..ARGV[5],'1')
if new==0 then return reply({id,'ok',now,ep.id,0}) end
redis.call('HINCRBY',KEYS[2],'n',1)
redis.call('PEXPIRE',KEYS[2],ep.ttl)
apply(8,true,true)
return reply({id,'ok',now,ep.id,1})
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

/** Says that a process lives, or that it leaves; tells how many live, and whether it was known. KEYS: the processes. ARGV: digest, id, name, how long one is remembered, 1 to leave. */
export const BEAT = script(`
local keep=tonumber(ARGV[4])
local known=redis.call('ZSCORE',KEYS[1],ARGV[3]) and 1 or 0
if ARGV[5]=='1' then redis.call('ZREM',KEYS[1],ARGV[3]) else redis.call('ZADD',KEYS[1],now,ARGV[3]) end
redis.call('ZREMRANGEBYSCORE',KEYS[1],'-inf',now-keep)
redis.call('ZREMRANGEBYSCORE',KEYS[1],now+keep,'+inf')
redis.call('PEXPIRE',KEYS[1],keep*10)
return reply({id,'ok',now,redis.call('ZCARD',KEYS[1]),known})
`);
