-- Makes one process of a fleet do what all could do: a hint that saves work, never a condition of safety.
-- KEYS: the hint. ARGV: who asks, for how many ms. Returns 1 if it leads.
-- flags: allow-oom
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
