-- Takes messages that are in their queues by now out of the delayed sets (Cluster). Only those that are still leased as they
-- were: the same bytes may have been delayed anew meanwhile.
-- KEYS: delayed, delayed with envelope, dead letters of the delayed set
-- ARGV: leased score; per message: 1 or 2 (which set), member, reason as JSON text if it becomes a dead letter, else ''
-- Returns how many were removed.
-- flags: allow-oom
-- include: time, dead
local removed = 0
for at = 2, #ARGV, 3 do
  local where, member, reason = KEYS[tonumber(ARGV[at])], ARGV[at + 1], ARGV[at + 2]
  local score = redis.call('ZSCORE', where, member)
  if score and tonumber(score) == tonumber(ARGV[1]) then
    if reason ~= '' then bury(KEYS[3], redis.sha1hex(member) .. ':' .. at, reason, 0, member) end
    removed = removed + redis.call('ZREM', where, member)
  end
end
return removed
