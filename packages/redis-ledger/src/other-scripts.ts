import { EPOCH } from "./epoch.ts";
import { PARTS } from "./reserve-script.ts";
import { script } from "./script.ts";

const APPLY = `
local N=${PARTS}
local function apply(from,same,recalls)
local done=0
for base=from,#ARGV,8 do
  local key=KEYS[2+tonumber(ARGV[base])]
  local align,per,limit,drain=ARGV[base+1],tonumber(ARGV[base+2]),tonumber(ARGV[base+3]),tonumber(ARGV[base+4])
  local idx,add,top=tonumber(ARGV[base+5]),tonumber(ARGV[base+6]),tonumber(ARGV[base+7])
  local shape=align..ARGV[base+2]
  local s=redis.call('HGET',key,'s')
  if recalls and add>0 then
    top=math.max(top,redis.call('HINCRBY',KEYS[2],'y:'..key..':'..ARGV[base+5],ARGV[base+6]))
    add=0
  end
  if (not s or s==shape) and (add>=0 or same) then
    local put={}
    if align=='b' then
      local v=redis.call('HMGET',key,'d','t')
      local d,at=tonumber(v[1] or 0),tonumber(v[2] or now)
      local level=math.max(0,d-math.max(0,now-at)*drain)
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
 * limit, what of it flows out of a bucket in a span, window (0 on a sliding one: now), units to add, figure to raise to. What is given back after the store has lost its memory is not
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

/**
 * Says that a process is here, or that it leaves; one that counts without the store says neither (`away`), and only asks whether the
 * store is there. Tells how many are known, whether this one was, and what is to be set aside for others of whom nothing was
 * heard lately: they may be spending their fair parts alone.
 *
 * KEYS: the processes, by when they were heard of; as how many of them each spends alone. ARGV: digest, id, not after (the store's clock: a call that was held up on its
 * way says nothing of now), name, here, away or leave, how long one is remembered, after what time he is silent, as one of how many he spends alone (0: he does not; -1: he
 * does not know yet, and spends nothing before he has heard).
 */
export const BEAT = script(`
local na=tonumber(ARGV[3])
if na>0 and now>na then return reply({id,'late',now}) end
local name,what,keep=ARGV[4],ARGV[5],tonumber(ARGV[6])
local score=redis.call('ZSCORE',KEYS[1],name)
local known=score and 1 or 0
if what=='leave' then redis.call('ZREM',KEYS[1],name) redis.call('HDEL',KEYS[2],name) end
if what=='here' then redis.call('ZADD',KEYS[1],now,name) redis.call('HSET',KEYS[2],name,tonumber(ARGV[8])<0 and redis.call('ZCARD',KEYS[1]) or ARGV[8]) end
if what=='away' then
  -- All that will be written, and nothing is changed by it: a store that cannot be written to is not back.
  redis.call('ZADD',KEYS[1],score or now,name)
  redis.call('HSET',KEYS[2],name,redis.call('HGET',KEYS[2],name) or 0)
  if not score then redis.call('ZREM',KEYS[1],name) redis.call('HDEL',KEYS[2],name) end
end
for _,range in ipairs({{'-inf',now-keep},{now+keep,'+inf'}}) do
  for _,gone in ipairs(redis.call('ZRANGEBYSCORE',KEYS[1],range[1],range[2])) do
    redis.call('ZREM',KEYS[1],gone)
    redis.call('HDEL',KEYS[2],gone)
  end
end
redis.call('PEXPIRE',KEYS[1],keep*10)
redis.call('PEXPIRE',KEYS[2],keep*10)
local all=redis.call('ZCARD',KEYS[1])
local counts,order={},{}
for _,other in ipairs(redis.call('ZRANGEBYSCORE',KEYS[1],'-inf',now-tonumber(ARGV[7]))) do
  if other~=name then
    local n=tonumber(redis.call('HGET',KEYS[2],other) or all)
    if n and n>0 then
      if not counts[n] then counts[n]=0 order[#order+1]=n end
      counts[n]=counts[n]+1
    end
  end
end
local out={id,'ok',now,all,known}
for _,n in ipairs(order) do out[#out+1]=n out[#out+1]=counts[n] end
return reply(out)
`);
