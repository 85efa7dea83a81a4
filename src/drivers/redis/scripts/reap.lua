-- REAP (reliability 2.3): returns all that a consumer holds to its queue, and forgets the consumer. It is also how a
-- consumer closes.
-- KEYS: queue, landing list, registry, in-flight hash, delivery counts, dead letters, priorities
-- ARGV: consumer, the beat that was observed ('' = whatever it is), 1 = count a failed delivery, most failed deliveries,
--   most dead letters (absent: any number): beyond, the message stays in its queue
-- Returns how many messages it held; -1: it lives, or someone was faster.
-- Atomic, and compare-and-set on the beat. Delivery counts are kept 7 days beyond the last crash.
-- flags: allow-oom
-- include: time, line, dead
local queue, land, registry, flying, counts, dead, set = unpack(KEYS, 1, 7)
local consumer, observed, counted, most = ARGV[1], ARGV[2], ARGV[3] == '1', tonumber(ARGV[4])
local most_dead = tonumber(ARGV[5]) or math.huge
local beat = redis.call('HGET', registry, consumer)
if not beat or (observed ~= '' and observed ~= beat) then return -1 end

local all, held = redis.call('HGETALL', flying), {}
for at = 1, #all, 2 do
  local seq, index = string.match(all[at], '^(%d+):(%d+)')
  if seq then held[#held + 1] = { tonumber(seq), tonumber(index), all[at], all[at + 1] } end
end
table.sort(held, function(a, b)
  if a[1] ~= b[1] then return a[1] > b[1] end
  return a[2] > b[2]
end)

local suspects = {}
for _, entry in ipairs(held) do
  local field, body = entry[3], entry[4]
  local failed = counted and redis.call('HINCRBY', counts, redis.sha1hex(body), 1) or 0
  if counted and failed >= most and redis.call('LLEN', dead) < most_dead then
    bury(dead, consumer .. ':' .. field, '"its consumers died again and again"', failed, body)
    redis.call('HDEL', counts, redis.sha1hex(body))
  elseif failed > 1 then
    suspects[#suspects + 1] = entry
  else
    -- The first time it is most likely a deployment: back to its place.
    push_head(queue, set, priority_of(field), body)
  end
end
for index = #suspects, 1, -1 do
  push_tail(queue, set, priority_of(suspects[index][3]), suspects[index][4])
end
if counted and #held > 0 then redis.call('PEXPIRE', counts, 604800000) end
redis.call('DEL', flying)
redis.call('HDEL', registry, consumer)

-- Nobody is left to look at the landing list, and Go's workers do not know it.
if redis.call('HLEN', registry) == 0 then
  while redis.call('LMOVE', land, queue, 'RIGHT', 'LEFT') do end
end
return #held
