-- Groups: Go's GroupMeta under the group's UUID, a hash of the members' outcomes, and the trigger: the UUID of the member
-- that owns it, or 'done'. The owner is a member and not a worker: its message comes again until the trigger is done.
local function init_group()
  redis.call('SET', key(), arg(), 'NX', 'PX', arg())
end

-- 0: others are not finished, 1: this member owns the trigger, 2: another does, 3: it is done.
local function finish_member()
  local group, members, trigger = key(), key(), key()
  local member, count, outcome, ttl = arg(), number(), arg(), arg()
  redis.call('HSETNX', members, member, outcome)
  redis.call('PEXPIRE', members, ttl)
  redis.call('PEXPIRE', group, ttl)
  if redis.call('HLEN', members) < count then return 0 end
  local owner = redis.call('GET', trigger)
  if owner == 'done' then return 3 end
  if owner and owner ~= member then return 2 end
  redis.call('SET', trigger, member, 'PX', ttl)
  return 1
end

local function mark_triggered(group, was, is)
  local meta = redis.call('GET', group)
  if not meta then return end
  local changed, times = string.gsub(meta, '"ChordTriggered":' .. was, '"ChordTriggered":' .. is, 1)
  if times == 1 then redis.call('SET', group, changed, 'KEEPTTL') end
end
