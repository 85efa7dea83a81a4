-- Finds delayed messages that are due, soonest first.
-- KEYS: delayed, delayed with envelope, leader hint
-- ARGV: who asks, for how many ms it leads, most messages of each kind, ms of a lease (0 = none)
-- Returns { 0 }: another process leads. Else { 1, ms until the next one is due (-1 = there is none), the score under which
--   these are leased, due members, due members with envelope }.
-- With a lease (Cluster, where the queue is in another slot) their scores are raised: who dies before the message is in its
-- queue leaves it here, due again when the lease is over.
-- flags: allow-oom
-- include: time
local leader = redis.call('GET', KEYS[3])
if leader and leader ~= ARGV[1] then return { 0 } end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
local now, lease_ms = nanos_after(0), tonumber(ARGV[4])
local leased, next_ms = nanos_after(lease_ms), -1
local reply = { 1, '', leased }
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
  reply[3 + index] = due
end
reply[2] = next_ms
return reply
