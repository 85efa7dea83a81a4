-- Removes waiting messages for good, and their delivery counts.
-- KEYS: queue, landing list, priorities, delivery counts. ARGV: most messages of each kind. Returns how many.
-- flags: allow-oom
local removed, has_counts = 0, redis.call('EXISTS', KEYS[4]) == 1
local function forget(body)
  removed = removed + 1
  if has_counts then redis.call('HDEL', KEYS[4], redis.sha1hex(body)) end
end
for index = 1, 2 do
  local bodies = redis.call('LRANGE', KEYS[index], 0, ARGV[1] - 1)
  for _, body in ipairs(bodies) do forget(body) end
  redis.call('LTRIM', KEYS[index], #bodies, -1)
end
local members = redis.call('ZRANGE', KEYS[3], 0, ARGV[1] - 1)
for _, member in ipairs(members) do forget(string.sub(member, string.find(member, ':', 1, true) + 1)) end
if #members > 0 then redis.call('ZREMRANGEBYRANK', KEYS[3], 0, #members - 1) end
return removed
