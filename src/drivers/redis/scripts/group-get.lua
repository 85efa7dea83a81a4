-- Reads a group at one moment. KEYS: GroupMeta, outcomes, trigger. Returns the three values.
return { redis.call('GET', KEYS[1]), redis.call('HGETALL', KEYS[2]), redis.call('GET', KEYS[3]) }
