-- BEAT: shows that a consumer lives.
-- KEYS: registry. ARGV: consumer. Returns its beat; 0: it was reaped.
-- flags: allow-oom
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
return redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
