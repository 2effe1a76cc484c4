import { EPOCH } from "./epoch.ts";
import { script } from "./script.ts";

/** A sliding window is counted in so many parts. */
export const PARTS = 40;

/** Of windows up to this length all is taken to be spent while not everybody has said what he has spent; of longer ones half, after a while. */
const SHORT_MS = 60_000;

/** In that time every process that lives says what it has spent. */
const GRACE_MS = 5_000;

/** After so long those who were refused what is set aside for others look again. */
const LOST_LOOK_MS = 1_000;

/**
 * Reserves on all counters of a request, or on none.
 *
 * KEYS: the epoch of the target, who has recalled, its pauses (`ARGV[9]` of them), the counters.
 * ARGV: digest, id, not before, not after (the store's clock; a call that its caller has given up must not count any more),
 * epoch as the caller knows it or "-", a new epoch, 1 where the caller saw the store's clock jump, the part of what is left that may
 * be given beyond the need, number of pauses, name of the process, how many there are; for each counter: index of its pauses, its name among them, align (f, s, b), units
 * needed, units welcome, limit, span, first (of a sliding one: parts that a request may be on its way) and last window, milliseconds since the first began,
 * what one request takes: more is given in steps of it, for nobody could use the rest; and what is set aside for processes that do not
 * see the store, and spend it alone.
 *
 * A counter is a hash from the number of a window (fixed) or of a part of one (sliding) to units; a bucket holds `d`, units
 * missing times span, as of `t`: all whole numbers. `s` is the counter's shape, `l` the smallest limit declared for it, lately at `a`.
 *
 * What is granted on a sliding window is counted in the part after the current one, and as many parts later as a request may be on
 * its way: it may be used until that part ends, and no
 * span of the window's length, wherever it begins, holds more than the limit. It costs two parts of a window. A bucket keeps what
 * flows in within `lag` for the same reason: a grant is no arrival.
 */
export const RESERVE = script(`${EPOCH}
local N=${PARTS}
local nb,na=tonumber(ARGV[3]),tonumber(ARGV[4])
if na>0 and (now<nb or now>na) then return reply({id,'late',now}) end
local jumped=ARGV[7]=='1'
local divisor,P=tonumber(ARGV[8]),tonumber(ARGV[9])
local K=2+P
local C=#KEYS-K
local longest=600000
for i=1,C do local p=tonumber(ARGV[18+(i-1)*12])*2 if p>longest then longest=p end end
local ep=epoch(ARGV[5],ARGV[6],ARGV[11],jumped)
if not ep then return reply({id,'foreign',now,1}) end
if ep.ttl>longest then longest=ep.ttl end
ep.ttl=longest
keep(ep)
local eid,lost=ep.id,ep.lost
-- Everybody has said what he has spent: all is known again.
local whole=lost>0 and tonumber(redis.call('HGET',KEYS[2],'n') or 0)>=ep.need
local recall=(lost>0 and not whole and redis.call('HEXISTS',KEYS[2],'p:'..ARGV[10])==0) and 1 or 0
if whole then lost=0 end
local half=now-lost>${GRACE_MS}

local pauses={}
for i=1,P do
  local h=redis.call('HGETALL',KEYS[2+i])
  local found={}
  for j=1,#h,2 do
    local till,why=string.match(h[j+1],'^(%d+) (%S+)$')
    if not till then return reply({id,'foreign',now,2+i}) end
    if tonumber(till)>now then found[#found+1]={h[j],tonumber(till)-now,why} end
  end
  pauses[i]=found
end
for i=1,P do
  for _,p in ipairs(pauses[i]) do
    local covers=p[1]=='' and 0 or nil
    if p[1]~='' then
      for c=1,C do
        local rest=ARGV[13+(c-1)*12]
        if tonumber(ARGV[12+(c-1)*12])==i and (rest==p[1] or string.sub(rest,1,#p[1]+1)==p[1]..'|') then covers=c end
      end
    end
    if covers then return reply({id,'paused',now,eid,recall,i,covers,p[2],p[3]}) end
  end
end

local plans={}
local worst,short=0,0
for i=1,C do
  local base=11+(i-1)*12
  local align=ARGV[base+3]
  local need,extra=tonumber(ARGV[base+4]),tonumber(ARGV[base+5])
  local mine,per=tonumber(ARGV[base+6]),tonumber(ARGV[base+7])
  local w0,w1,age=tonumber(ARGV[base+8]),tonumber(ARGV[base+9]),tonumber(ARGV[base+10])
  local aside=tonumber(ARGV[base+12])
  local key=KEYS[K+i]
  local shape=align..ARGV[base+7]
  local h=redis.call('HGETALL',key)
  local n,s,l,a,d,at={},nil,nil,0,0,now
  for j=1,#h,2 do
    local f,v=h[j],h[j+1]
    local number=tonumber(v)
    if f=='s' then s=v
    elseif not number then return reply({id,'foreign',now,K+i})
    elseif f=='l' then l=number elseif f=='a' then a=number elseif f=='d' then d=number elseif f=='t' then at=number
    else
      local idx=tonumber(f)
      if not idx then return reply({id,'foreign',now,K+i}) end
      n[idx]=number
    end
  end
  if #h>0 and not s then return reply({id,'foreign',now,K+i}) end
  local fresh=l and now-a<=math.min(math.max(2*per,10000),600000)
  local rebuild=false
  local limit,other=mine,0
  if s and s~=shape then
    local was=string.sub(s,1,1)
    local per2=tonumber(string.sub(s,2)) or per
    if fresh and l/per2<=mine/per then return reply({id,'shape',now,i,was,per2,l}) end
    local sum=d/per2
    for _,v in pairs(n) do sum=sum+v end
    if fresh then other=l end
    rebuild,n,d,at,l=true,{},math.ceil(sum*per),now,nil
    if align=='f' then for w=w0,w1 do n[w]=math.ceil(sum) end end
    if align=='s' then n[math.floor(now*N/per)+1]=math.ceil(sum) end
  end
  if l and fresh and l~=mine then other=l end
  if l and fresh and l<mine then limit=l else l,a=mine,now end
  if l==mine then a=now end
  if aside>limit then aside=limit end
  local flow=limit-aside
  -- What lies in slices was there before anything was set aside.
  if need==0 and aside>0 then aside,extra=0,0 end
  local open=limit-aside

  local avail,wait,index,used=0,0,w0,0
  local gone={}
  if align=='f' then
    local known=math.huge
    for w=w0,w1 do
      local v=n[w] or 0
      if w==w0 then
        used=v
        if lost>0 and lost>=now-age-1000 then v=(per>${SHORT_MS} and half) and math.max(v,math.ceil(limit/2)) or limit end
      end
      if open-v<known then known=open-v end
      if need>open-v then wait=(w+1-w0)*per-age end
    end
    avail=known
    for w,_ in pairs(n) do if w<w0-1 or w>w1+3 then gone[#gone+1]=w end end
  elseif align=='s' then
    local cur=math.floor(now*N/per)
    index=cur+1+w0
    local order,late={},0
    for w,v in pairs(n) do
      if w<cur-N then gone[#gone+1]=w n[w]=nil
      elseif w>cur+1+N/4 then gone[#gone+1]=w n[w]=nil late=late+v
      end
    end
    if late>0 then n[index]=(n[index] or 0)+late end
    for w,v in pairs(n) do used=used+v order[#order+1]=w end
    local floor=used
    if lost>0 and lost>now-per*(N+2)/N then floor=(per>${SHORT_MS} and half) and math.max(used,math.ceil(limit/2)) or limit end
    avail=open-floor
    if need>avail then
      table.sort(order)
      local missing=used+need-open
      for _,w in ipairs(order) do
        if missing>0 then missing=missing-n[w] wait=math.ceil((w+N+1)*per/N)-now end
      end
      if floor>used then wait=math.max(wait,math.ceil(lost+per*(N+2)/N-now)) end
    end
  else
    if at>now then at=now end
    local level=math.max(0,d-(now-at)*flow)
    if lost>0 then
      local full=(per>${SHORT_MS} and half) and math.ceil(limit*per/2) or limit*per
      level=math.max(level,full-(now-lost)*limit)
    end
    local cap=math.max(0,open*per-math.floor(limit*math.min(250,per/20)/per)*per)
    if cap<need*per and aside==0 then cap=need*per end
    used=math.ceil(level/per)
    avail=math.floor((cap-level)/per)
    if need>avail then wait=flow>0 and math.min(per,math.ceil((level+need*per-cap)/flow)) or per end
    d=level
  end
  -- Only for what is set aside: those who were lost may be back at any moment.
  if need>avail and need<=avail+aside then wait=math.min(wait>0 and wait or ${LOST_LOOK_MS},${LOST_LOOK_MS}) end
  if need>avail and wait<1 then wait=1 end
  if need>limit then wait=per end
  if wait>worst then worst,short=wait,i end
  plans[i]={key,align,need,extra,avail,index,used,n,d,gone,shape,l,a,per,rebuild,w0,w1,limit,other,math.max(1,tonumber(ARGV[base+11]))}
end
if worst>0 then
  local p=plans[short]
  -- Those who live are about to say what they have spent: nobody need wait for the end of a window.
  if lost>0 and not half and worst>200 then worst=200 end
  local no={id,'no',now,eid,recall,short,worst,p[18],p[19]}
  for i=1,C do no[#no+1]=plans[i][7] end
  return reply(no)
end
local out={id,'ok',now,eid,recall}
for i=1,C do
  local key,align,need,extra,avail,index,used,n,d,gone,shape,l,a,per,rebuild,w0,w1,limit,other,grain=unpack(plans[i])
  local give=need+math.max(0,math.floor(math.min(extra,(avail-need)/divisor)/grain)*grain)
  if rebuild then redis.call('DEL',key) end
  local put={'s',shape,'l',string.format('%.0f',l),'a',string.format('%.0f',a)}
  local function set(f,v) put[#put+1]=f put[#put+1]=string.format('%.0f',v) end
  if align=='f' then for w=w0,w1 do set(string.format('%.0f',w),(n[w] or 0)+give) end
  elseif align=='s' then set(string.format('%.0f',index),(n[index] or 0)+give)
  else set('d',d+give*per) set('t',now) end
  if #gone>0 then
    for j=1,#gone do gone[j]=string.format('%.0f',gone[j]) end
    redis.call('HDEL',key,unpack(gone))
  end
  redis.call('HSET',key,unpack(put))
  redis.call('PEXPIRE',key,2*per+10000)
  for _,v in ipairs({give,used+give,index,limit,other}) do out[#out+1]=v end
end
return reply(out)
`);
