-- Reads control values.
-- KEYS: values of the area, their instants of expiry. ARGV: keys. Returns the values in order, false for what is not there. Atomic.
-- flags: allow-oom
-- include: time
local now = math.floor(now_micros() / 1000)
local found = {}
for index, key in ipairs(ARGV) do
  local expires_at = redis.call('ZSCORE', KEYS[2], key)
  found[index] = expires_at and tonumber(expires_at) > now and redis.call('HGET', KEYS[1], key)
end
return found
