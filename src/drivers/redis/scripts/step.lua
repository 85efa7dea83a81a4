-- STEP (reliability 2.3): settles what a consumer ended with, then claims, in one round trip.
-- KEYS: queue, landing list, registry, in-flight hash, delivery counts, dead letters, priorities, delayed, delayed with envelope
-- ARGV: consumer, sequence number, messages wanted, acknowledgements, their fields…, then per other settlement: field, kind,
--   counted, and two of its own: 'b' back to its place; 'l' later: delay in ms, 1 or 2 (which delayed set) and, for 2,
--   envelope and body together; 'f' forget it, its copy is in another slot; 'd' dead letter: reason as JSON text, most dead
--   letters
-- Returns { -1 }: the consumer was reaped. { -2 }: a later request was served. Else { messages that it holds now, settlements
--   that found nothing, by number, comma after each ('!' before it: no room for a dead letter, nothing was done); then field,
--   bytes, twice the delivery count of each message, and 1 more if its task is new }.
-- A task is new whose state is here, and absent or PENDING: it need not be read. Not in a Cluster, where it is elsewhere.
-- Idempotent by the sequence number: the same request again changes nothing and gets the same answer.
-- Delivery counts are kept 7 days beyond the last one that was raised.
-- Atomic; every copy is made before its original is deleted, so an error half-way duplicates and never loses.
-- flags: allow-oom
-- include: time, line, dead, read-state
local queue, land, registry, flying, counts, dead, set = unpack(KEYS, 1, 7)
local consumer, seq, want = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if redis.call('HEXISTS', registry, consumer) == 0 then return { -1 } end

local last_seq, last_missed = string.match(redis.call('HGET', flying, '#') or '0:', '^(%d+):(.*)$')
if seq < tonumber(last_seq) then return { -2 } end

local has_counts = redis.call('EXISTS', counts) == 1
local function count_of(body)
  return has_counts and tonumber(redis.call('HGET', counts, redis.sha1hex(body)) or 0) or 0
end

local has_states = #KEYS > 7
local function count_and_news(body)
  local uuid = has_states and string.match(body, '^{"UUID":"([^"\\]+)"')
  local is_new = false
  if uuid then
    local text, state = read_state(uuid)
    is_new = not text or state == 'PENDING'
  end
  return 2 * count_of(body) + (is_new and 1 or 0)
end

local reply
if seq == tonumber(last_seq) then
  reply = { redis.call('HLEN', flying) - 1, last_missed }
  local all, found = redis.call('HGETALL', flying), {}
  for at = 1, #all, 2 do
    local index = string.match(all[at], '^' .. last_seq .. ':(%d+)')
    if index then found[#found + 1] = { tonumber(index), all[at], all[at + 1] } end
  end
  table.sort(found, function(a, b) return a[1] < b[1] end)
  for _, entry in ipairs(found) do
    reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = entry[2], entry[3], count_and_news(entry[3])
  end
  return reply
end

local missed, settlement, at = {}, 0, 5
local function miss(mark)
  missed[#missed + 1] = settlement .. (mark or '') .. ','
end

for _ = 1, tonumber(ARGV[4]) do
  local field = ARGV[at]
  if has_counts then
    local body = redis.call('HGET', flying, field)
    if body then redis.call('HDEL', counts, redis.sha1hex(body)) end
  end
  if redis.call('HDEL', flying, field) == 0 then miss() end
  settlement, at = settlement + 1, at + 1
end

while at <= #ARGV do
  local field, kind, counted, first, second = unpack(ARGV, at, at + 4)
  local body = redis.call('HGET', flying, field)
  if not body then
    miss()
  elseif kind == 'd' and redis.call('LLEN', dead) >= tonumber(second) then
    miss('!')
  else
    if counted == '1' then
      redis.call('HINCRBY', counts, redis.sha1hex(body), 1)
      redis.call('PEXPIRE', counts, 604800000)
      has_counts = true
    end
    if kind == 'b' then
      push_head(queue, set, priority_of(field), body)
    elseif kind == 'l' then
      local member = second == '' and body or second
      redis.call('ZADD', KEYS[second == '' and 8 or 9], nanos_after(tonumber(first)), member)
      if tonumber(first) < 100 then redis.call('PUBLISH', 'mq:due:' .. KEYS[8], first) end
    elseif kind == 'd' then
      bury(dead, consumer .. ':' .. field, first, count_of(body), body)
      redis.call('HDEL', counts, redis.sha1hex(body))
    end
    redis.call('HDEL', flying, field)
  end
  settlement, at = settlement + 1, at + 5
end

reply = { 0, table.concat(missed) }
local prefix = seq .. ':'
local fields, taken = { '#', prefix .. reply[2] }, 0
local function take(body, suffix)
  taken = taken + 1
  local field = prefix .. taken .. suffix
  fields[#fields + 1], fields[#fields + 2] = field, body
  reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = field, body, count_and_news(body)
end

local bands = want > 0 and redis.call('ZRANGE', set, 0, want - 1, 'WITHSCORES') or {}
for index = 1, #bands, 2 do
  local body = string.sub(bands[index], string.find(bands[index], ':', 1, true) + 1)
  take(body, ':' .. (255 - math.floor(tonumber(bands[index + 1]) / BAND)))
end
local landed = taken < want and redis.call('LRANGE', land, 0, want - taken - 1) or {}
for _, body in ipairs(landed) do take(body, '') end
local waiting = taken < want and redis.call('LRANGE', queue, 0, want - taken - 1) or {}
for _, body in ipairs(waiting) do take(body, '') end

redis.call('HSET', flying, unpack(fields))
reply[1] = redis.call('HLEN', flying) - 1
if #bands > 0 then redis.call('ZREMRANGEBYRANK', set, 0, #bands / 2 - 1) end
if #landed > 0 then redis.call('LTRIM', land, #landed, -1) end
if #waiting > 0 then redis.call('LTRIM', queue, #waiting, -1) end
return reply
