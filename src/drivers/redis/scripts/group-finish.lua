-- FINISH of W1, per member: O(1), and the same answer to the same member.
-- KEYS: per member: GroupMeta, outcomes, trigger. ARGV: per member: UUID, members of the group, outcome, ms to keep the group.
-- Returns per member 0 wait, 1 trigger, 2 other, 3 done. Atomic per call.
-- flags: allow-oom
-- include: cursor, group
local reply = {}
while key_at < #KEYS do reply[#reply + 1] = finish_member() end
return reply
