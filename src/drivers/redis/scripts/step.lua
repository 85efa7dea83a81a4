-- STEP (reliability 2.3): settles what a consumer ended with, then claims, in one round trip.
-- KEYS: queue, landing list, registry, in-flight hash, delivery counts, dead letters, priorities, delayed, delayed with envelope
-- ARGV: consumer, sequence number, messages wanted, acknowledgements, their fields…, then per other settlement: field, kind,
--   counted, and two of its own: 'b' back to its place; 'l' later: delay in ms, 1 or 2 (which delayed set) and, for 2,
--   envelope and body together; 'f' forget it, its copy is in another slot; 'd' dead letter: reason as JSON text, most dead
--   letters
-- Returns { -1 }: the consumer was reaped. { -2 }: a later request was served. Else { messages that it holds now, settlements
--   that found nothing, by number, comma after each ('!' before it: no room for a dead letter, nothing was done); for each message
--   what follows the sequence number in its field, '=', twice its delivery count, and 1 more if its task is new, comma after each;
--   then the bytes of each message }.
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

-- The states of many tasks cost little more than that of one.
local function are_new(bodies)
  local uuids, places, are = {}, {}, {}
  for place, body in ipairs(bodies) do
    local uuid = has_states and string.match(body, '^{"UUID":"([^"\\]+)"')
    if uuid then uuids[#uuids + 1], places[#places + 1] = uuid, place end
  end
  for number, text in ipairs(#uuids > 0 and redis.call('MGET', unpack(uuids)) or {}) do
    -- Absent, or of another type.
    if not text then text = read_state(uuids[number]) end
    are[places[number]] = not text or state_of(text, uuids[number]) == 'PENDING'
  end
  return are
end

-- The answer, with messages and what follows the sequence number in their fields.
local function answer(missed, suffixes, bodies)
  local are, facts = are_new(bodies), {}
  for place, body in ipairs(bodies) do
    facts[place] = suffixes[place] .. '=' .. 2 * count_of(body) + (are[place] and 1 or 0) .. ','
  end
  return { redis.call('HLEN', flying) - 1, missed, table.concat(facts), unpack(bodies) }
end

if seq == tonumber(last_seq) then
  local all, found = redis.call('HGETALL', flying), {}
  for at = 1, #all, 2 do
    local suffix = string.match(all[at], '^' .. last_seq .. ':(%d.*)')
    if suffix then found[#found + 1] = { tonumber(string.match(suffix, '^%d+')), suffix, all[at + 1] } end
  end
  table.sort(found, function(a, b) return a[1] < b[1] end)
  local suffixes, bodies = {}, {}
  for place, entry in ipairs(found) do suffixes[place], bodies[place] = entry[2], entry[3] end
  return answer(last_missed, suffixes, bodies)
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

local now_missed, prefix = table.concat(missed), seq .. ':'
local fields, suffixes, bodies = { '#', prefix .. now_missed }, {}, {}
local function take(body, priority)
  local taken = #bodies + 1
  bodies[taken], suffixes[taken] = body, taken .. priority
  fields[#fields + 1], fields[#fields + 2] = prefix .. suffixes[taken], body
end

local bands = want > 0 and redis.call('ZRANGE', set, 0, want - 1, 'WITHSCORES') or {}
for index = 1, #bands, 2 do
  local body = string.sub(bands[index], string.find(bands[index], ':', 1, true) + 1)
  take(body, ':' .. (255 - math.floor(tonumber(bands[index + 1]) / BAND)))
end
local landed = #bodies < want and redis.call('LRANGE', land, 0, want - #bodies - 1) or {}
for _, body in ipairs(landed) do take(body, '') end
local waiting = #bodies < want and redis.call('LRANGE', queue, 0, want - #bodies - 1) or {}
for _, body in ipairs(waiting) do take(body, '') end

redis.call('HSET', flying, unpack(fields))
if #bands > 0 then redis.call('ZREMRANGEBYRANK', set, 0, #bands / 2 - 1) end
if #landed > 0 then redis.call('LTRIM', land, #landed, -1) end
if #waiting > 0 then redis.call('LTRIM', queue, #waiting, -1) end
return answer(now_missed, suffixes, bodies)
