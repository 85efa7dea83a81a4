-- Gives up a mutex that is held. KEYS: the mutex. ARGV: its value. Returns 1; 0: it is not ours any more. Atomic.
-- flags: allow-oom
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
