-- COMMIT of W1, per task: the first terminal state wins; the token is compared when one is stored.
-- KEYS: per task: state, companion. ARGV: two defaults; per task: token, and the write.
-- Returns per task { 0 }, { 1, the state that stands } or { 2 }: another token is stored.
-- Atomic per call.
-- flags: allow-oom
-- include: cursor, read-state, task-state
local reply = {}
while arg_at < #ARGV do
  local token, write = arg(), read_write()
  local text, state = read_state(write.key)
  local obstacle = commit_obstacle(write, token, text, state)
  if not obstacle then write_commit(write, text, state) end
  reply[#reply + 1] = obstacle or { 0 }
end
return reply
