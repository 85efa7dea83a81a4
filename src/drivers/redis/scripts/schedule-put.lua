-- Stores a schedule: one that exists keeps its last tick and its pause; a changed spec moves the last tick up to now.
-- KEYS: specs, options, last ticks. ARGV: name, spec, options. Returns 1. Atomic.
-- include: time
local now = string.format('%.0f', math.floor(now_micros() / 1000))
local spec, last = redis.call('HGET', KEYS[1], ARGV[1]), redis.call('HGET', KEYS[3], ARGV[1])
if not last then
  redis.call('HSET', KEYS[3], ARGV[1], now .. ':0')
elseif spec ~= ARGV[2] then
  local tick, fired = string.match(last, '^(%d+):(%d)$')
  if tonumber(tick) < tonumber(now) then tick = now end
  redis.call('HSET', KEYS[3], ARGV[1], tick .. ':' .. fired)
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
