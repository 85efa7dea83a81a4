-- Writes control values, and removes a few that ran out: twice as many as it writes, so that an area shrinks as fast as it grows.
-- KEYS: values of the area, their instants of expiry. ARGV: key, value, ms to expiry or 'inf', and so on. Returns 1. Atomic.
-- include: time
local now = math.floor(now_micros() / 1000)
local values, times = KEYS[1], KEYS[2]
local expired = redis.call('ZRANGEBYSCORE', times, '-inf', string.format('%.0f', now), 'LIMIT', 0, math.floor(#ARGV / 3) * 2)
for _, key in ipairs(expired) do
  redis.call('HDEL', values, key)
  redis.call('ZREM', times, key)
end
for at = 1, #ARGV, 3 do
  redis.call('HSET', values, ARGV[at], ARGV[at + 1])
  local expires_at = ARGV[at + 2] == 'inf' and '+inf' or string.format('%.0f', now + tonumber(ARGV[at + 2]))
  redis.call('ZADD', times, expires_at, ARGV[at])
end
-- The area is gone with the last of its values, also when nobody writes any more.
local last = redis.call('ZREVRANGE', times, 0, 0, 'WITHSCORES')[2]
for _, key in ipairs(KEYS) do
  if last == 'inf' then redis.call('PERSIST', key) else redis.call('PEXPIREAT', key, last) end
end
return 1
