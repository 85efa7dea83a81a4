-- Makes a FAILURE PENDING again, if its text begins as given.
-- KEYS: per task: state, companion. ARGV: two defaults; per task: beginning of the text, and the write.
-- Returns 1 or 0 per task. Atomic per call.
-- include: cursor, read-state, task-state
local reply = {}
while arg_at < #ARGV do
  local prefix, write = arg(), read_write()
  local text, state = read_state(write.key)
  local is_open = text and text ~= FOREIGN and state == 'FAILURE'
  if is_open and prefix ~= '' then
    local problem = decoded(text).Error
    is_open = type(problem) == 'string' and string.sub(problem, 1, #prefix) == prefix
  end
  if is_open then
    write_state(write, text)
    redis.call('DEL', write.extra)
  end
  reply[#reply + 1] = is_open and 1 or 0
end
return reply
