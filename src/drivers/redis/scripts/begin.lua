-- BEGIN of W1, per task: STARTED and the token, unless the task is done or this attempt decided to retry.
-- KEYS: per task: state, companion. ARGV: two defaults; per task: token, digest, 1 = only if first, and the write.
-- Returns per task { 0, begins }, { 1, state }, { 3, bytes of the next attempt } or { 4 }: it was not the first.
-- Atomic per call.
-- flags: allow-oom
-- include: cursor, read-state, task-state
local function begin()
  local token, digest, if_first, write = arg(), arg(), arg() == '1', read_write()
  local text, state = read_state(write.key)
  if text and TERMINAL[state] then return { 1, text } end
  local intent = redis.call('HGET', write.extra, 'i:' .. digest)
  if intent then return { 3, intent } end
  if if_first then
    if text and state ~= 'PENDING' then return { 4 } end
    if redis.call('HEXISTS', write.extra, 'tok') == 1 then return { 4 } end
  end
  redis.call('HSET', write.extra, 'tok', token)
  local begins = redis.call('HINCRBY', write.extra, 'n', 1)
  redis.call('PEXPIRE', write.extra, write.ttl)
  write_state(write, text)
  return { 0, begins }
end
local reply = {}
while arg_at < #ARGV do reply[#reply + 1] = begin() end
return reply
