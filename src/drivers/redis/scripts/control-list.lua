-- Lists control values.
-- KEYS: values of the area, their instants of expiry. ARGV: prefix. Returns keys and values in turn, of keys that begin so. Atomic.
-- flags: allow-oom
-- include: time
local now = string.format('%.0f', math.floor(now_micros() / 1000))
local found = {}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. now, '+inf')) do
  if string.sub(key, 1, #ARGV[1]) == ARGV[1] then
    found[#found + 1] = key
    found[#found + 1] = redis.call('HGET', KEYS[1], key)
  end
end
return found
