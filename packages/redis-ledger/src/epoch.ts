/**
 * Which memory of the store this is. The key is written with every reservation and outlives every counter: where it is missing
 * although a caller knows it, the store has lost everything that it had counted. The same is taken to have happened where its clock
 * has jumped ahead, for keys of windows that still run may have expired.
 *
 * `id lost last ttl need`: when the loss was noticed (0: never), when it was last written, how long it lives, how many processes
 * have to say what they have spent.
 */
export const EPOCH = `
local function epoch(expected,fresh,need,jumped)
  local e=redis.call('GET',KEYS[1])
  local ep
  if e then
    local a,b,c,d,f=string.match(e,'^(%S+) (%d+) (%d+) (%d+) (%d+)$')
    if not a then return nil end
    ep={id=a,lost=tonumber(b),last=tonumber(c),ttl=tonumber(d),need=tonumber(f)}
    if ep.lost>now then ep.lost=now end
    if expected~='-' and expected~=ep.id and ep.lost==0 then ep.lost=now ep.fresh=true end
  else
    ep={id=fresh,lost=0,last=now,ttl=600000,need=1}
    if expected~='-' then ep.lost=now ep.fresh=true end
  end
  if jumped then ep.lost=now ep.fresh=true end
  if ep.fresh then
    ep.need=math.max(1,tonumber(need))
    redis.call('DEL',KEYS[2])
  end
  return ep
end
local function keep(ep)
  redis.call('SET',KEYS[1],ep.id..' '..string.format('%.0f %.0f %.0f %.0f',ep.lost,now,ep.ttl,ep.need),'PX',ep.ttl)
end
`;
