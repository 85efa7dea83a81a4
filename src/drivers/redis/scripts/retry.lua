-- RETRY of W1, per task: records the bytes of the next attempt before anybody publishes them.
-- KEYS: per task: state, companion. ARGV: two defaults; per task: token, digest, bytes, and the write.
-- Returns per task { 0 }, { 1, the state that stands }, { 2 }: another token, or { 3, bytes that were recorded before }.
-- Atomic per call.
-- flags: allow-oom
-- include: cursor, read-state, task-state
local reply = {}
while arg_at < #ARGV do
  local token, digest, body, write = arg(), arg(), arg(), read_write()
  local text, state = read_state(write.key)
  local obstacle = retry_obstacle(write, token, digest, text, state)
  if not obstacle then write_retry(write, digest, body, text) end
  reply[#reply + 1] = obstacle or { 0 }
end
return reply
