-- FINISH for groups in which Go's workers take part (reliability 4.7), per group: counts members that have ended, whoever
-- ended them, and names those of which nothing is known yet. A list of these, the cursor, is made once from Go's GroupMeta; its
-- head is the witness: it leaves the list when it has ended, so that all finishes of a group together look at each member once.
-- KEYS: per group: GroupMeta, outcomes, trigger, cursor
-- ARGV: per group: its members, ms to keep it, most members to name, members that ended, and of each the UUID and the outcome
-- Returns per group { 0, members of which nothing is known… }: others are not finished; { 1, owner }: someone owns the
--   trigger, as in mixed-claim; or { 2 }: all are finished and nobody owns it.
-- Atomic per call.
-- flags: allow-oom
-- include: cursor

-- Ends with an empty text, so that a list which was made is never gone.
local function make_list(list, meta)
  local ok, document = pcall(cjson.decode, meta)
  local uuids = ok and type(document) == 'table' and document.TaskUUIDs
  if type(uuids) == 'table' then
    for _, uuid in ipairs(uuids) do
      if type(uuid) == 'string' and uuid ~= '' then redis.call('RPUSH', list, uuid) end
    end
  end
  redis.call('RPUSH', list, '')
end

local function unknown_members(list, meta, outcomes, most)
  if redis.call('EXISTS', list) == 0 then
    local text = redis.call('GET', meta)
    if not text then return { 0 } end
    make_list(list, text)
  end
  while true do
    local head = redis.call('LINDEX', list, 0)
    if not head or head == '' or redis.call('HEXISTS', outcomes, head) == 0 then break end
    redis.call('LPOP', list)
  end
  local reply = { 0 }
  for _, uuid in ipairs(redis.call('LRANGE', list, 0, most - 1)) do
    if uuid ~= '' and redis.call('HEXISTS', outcomes, uuid) == 0 then reply[#reply + 1] = uuid end
  end
  return reply
end

local function finish()
  local meta, outcomes, trigger, list = key(), key(), key(), key()
  local count, ttl, most = number(), arg(), number()
  for _ = 1, number() do redis.call('HSETNX', outcomes, arg(), arg()) end
  local reply
  if redis.call('HLEN', outcomes) < count then
    reply = most > 0 and unknown_members(list, meta, outcomes, most) or { 0 }
  else
    local owner = redis.call('GET', trigger)
    reply = owner and { 1, owner } or { 2 }
  end
  for _, kept in ipairs({ meta, outcomes, list }) do redis.call('PEXPIRE', kept, ttl) end
  return reply
end

local reply = {}
while key_at < #KEYS do reply[#reply + 1] = finish() end
return reply
