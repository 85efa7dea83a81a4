-- Marks a group as triggered, or takes the trigger back together with a member's outcome (redrive).
-- KEYS: GroupMeta, outcomes, trigger, cursor. ARGV: ms to keep the trigger, member to take out ('' = mark as triggered). Returns 1.
-- Atomic. Does nothing to a group that nobody touched.
-- flags: allow-oom
-- include: cursor, group
local group, members, trigger, list = key(), key(), key(), key()
local ttl, member = arg(), arg()
if redis.call('EXISTS', group, members) == 0 then return 1 end
if member == '' then
  redis.call('SET', trigger, 'done', 'PX', ttl)
  mark_triggered(group, 'false', 'true')
else
  redis.call('HDEL', members, member)
  redis.call('DEL', trigger)
  redis.call('LPUSHX', list, member)
  mark_triggered(group, 'true', 'false')
end
return 1
