-- Takes the trigger of a group in which Go's workers take part, unless Go took it (reliability 4.7). The caller holds Go's
-- TriggerChordMutex, so no worker in Go is between reading and writing the GroupMeta.
-- KEYS: GroupMeta, trigger. ARGV: the member that asks, ms to keep the trigger.
-- Returns the owner: 'done', a member, or '!' and a member whose trigger the GroupMeta shows already (mixed-flag).
-- Atomic. The same member gets the trigger again until it is done or Go took it.
-- flags: allow-oom
local owner = redis.call('GET', KEYS[2])
if owner == 'done' or owner and string.sub(owner, 1, 1) == '!' then return owner end
local meta = redis.call('GET', KEYS[1])
if meta and string.find(meta, '"ChordTriggered":true', 1, true) then
  owner = 'done'
elseif not owner then
  owner = ARGV[1]
end
redis.call('SET', KEYS[2], owner, 'PX', ARGV[2])
return owner
