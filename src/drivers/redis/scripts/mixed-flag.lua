-- Shows a trigger that is under way in Go's GroupMeta, so that Go's TriggerChordMutex can be given up before it is done.
-- KEYS: GroupMeta, trigger. ARGV: owner of the trigger, ms to keep the trigger. Returns 1: shown, 0: another has it by now.
-- Atomic.
-- flags: allow-oom
-- include: cursor, group
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local meta = redis.call('GET', KEYS[1])
if meta and string.find(meta, '"ChordTriggered":true', 1, true) then return 0 end
redis.call('SET', KEYS[2], '!' .. ARGV[1], 'PX', ARGV[2])
mark_triggered(KEYS[1], 'false', 'true')
return 1
