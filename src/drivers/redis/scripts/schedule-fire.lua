-- FIRE of C1: a tick goes into the outbox once, whoever calls.
-- KEYS: last ticks, paused, outbox, outbox by time. ARGV: name, tick (ms), payload. Returns 1: it is ours, 0: skipped. Atomic.
-- include: time
local last = redis.call('HGET', KEYS[1], ARGV[1])
if not last or redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 1 then return 0 end
if tonumber(ARGV[2]) <= tonumber(string.match(last, '^%d+')) then return 0 end
local entry = ARGV[2] .. ':' .. ARGV[1]
redis.call('HSET', KEYS[3], entry, ARGV[3])
redis.call('ZADD', KEYS[4], string.format('%.0f', math.floor(now_micros() / 1000)), entry)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':1')
return 1
