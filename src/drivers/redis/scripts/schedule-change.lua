-- Pauses, resumes or removes a schedule. Resuming moves the last tick up to now.
-- KEYS: specs, options, last ticks, paused, outbox, outbox by time. ARGV: name, 'pause', 'resume' or 'remove'.
-- Returns 1 if it exists. Atomic.
-- include: time
local name = ARGV[1]
local last = redis.call('HGET', KEYS[3], name)
if not last then return 0 end
if ARGV[2] == 'pause' then
  redis.call('SADD', KEYS[4], name)
elseif ARGV[2] == 'resume' then
  if redis.call('SREM', KEYS[4], name) == 1 then
    local now = math.floor(now_micros() / 1000)
    local tick, fired = string.match(last, '^(%d+):(%d)$')
    if tonumber(tick) < now then redis.call('HSET', KEYS[3], name, string.format('%.0f', now) .. ':' .. fired) end
  end
else
  for _, entry in ipairs(redis.call('HKEYS', KEYS[5])) do
    if string.match(entry, '^%d+:(.*)$') == name then
      redis.call('HDEL', KEYS[5], entry)
      redis.call('ZREM', KEYS[6], entry)
    end
  end
  redis.call('HDEL', KEYS[1], name)
  redis.call('HDEL', KEYS[2], name)
  redis.call('SREM', KEYS[4], name)
  redis.call('HDEL', KEYS[3], name)
end
return 1
