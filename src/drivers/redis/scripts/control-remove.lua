-- Removes control values.
-- KEYS: values of the area, their instants of expiry. ARGV: keys. Returns 1. Atomic.
-- flags: allow-oom
for _, key in ipairs(ARGV) do
  redis.call('HDEL', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
end
return 1
