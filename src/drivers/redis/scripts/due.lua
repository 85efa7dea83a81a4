-- Finds delayed messages that are due, soonest first, and moves those that plainly say where they go.
-- KEYS: delayed, delayed with envelope, leader hint
-- ARGV: who asks, for how many ms it leads, most messages of each kind, ms of a lease (0 = none)
-- Returns { 0 }: another process leads. Else { 1, ms until the next one is due (-1 = there is none), the score under which
--   these are leased, due members, due members with envelope, 1 = there may be more }: those that were not moved.
-- With a lease (Cluster, where the queue is in another slot) their scores are raised: who dies before the message is in its
-- queue leaves it here, due again when the lease is over.
-- flags: allow-oom
-- include: time
-- Whether a message is in its queue now. Only in Go's order, where no other key can change the place; else whoever asked finds it out.
local function is_moved(delayed, member)
  local queue = string.match(member, '^{"UUID":"[^"\\]*","Name":"[^"\\]*","RoutingKey":"([^"\\]+)"')
  if not queue or string.find(member, '\\u', 1, true) then return false end
  local lower = string.lower(member)
  if string.find(lower, '"priority"', 1, true) then return false end
  local _, first = string.find(lower, '"routingkey"', 1, true)
  if string.find(lower, '"routingkey"', first, true) then return false end
  if type(redis.pcall('RPUSH', queue, member)) == 'table' then return false end
  redis.call('ZREM', delayed, member)
  return true
end

local leader = redis.call('GET', KEYS[3])
if leader and leader ~= ARGV[1] then return { 0 } end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
local now, lease_ms = nanos_after(0), tonumber(ARGV[4])
local leased, next_ms = nanos_after(lease_ms), -1
local reply, is_full = { 1, '', leased }, 0
for index = 1, 2 do
  local due = redis.call('ZRANGEBYSCORE', KEYS[index], '-inf', now, 'LIMIT', 0, ARGV[3])
  if lease_ms > 0 then
    for _, member in ipairs(due) do redis.call('ZADD', KEYS[index], 'XX', leased, member) end
  end
  local later = redis.call('ZRANGEBYSCORE', KEYS[index], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if later[2] then
    local ms = math.max(math.ceil((tonumber(later[2]) - tonumber(now)) / 1000000), 0)
    if next_ms < 0 or ms < next_ms then next_ms = ms end
  end
  if #due == tonumber(ARGV[3]) then is_full = 1 end
  reply[3 + index] = due
  if index == 1 and lease_ms == 0 then
    reply[4] = {}
    for _, member in ipairs(due) do
      if not is_moved(KEYS[1], member) then table.insert(reply[4], member) end
    end
  end
end
reply[2], reply[6] = next_ms, is_full
return reply
