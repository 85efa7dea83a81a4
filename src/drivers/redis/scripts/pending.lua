-- PENDING of W1, per task: written if absent, PENDING or reset.
-- KEYS: per task: state, companion. ARGV: two defaults; per task: 1 = reset, and the write. Returns 0, 1 or 2 per task.
-- Atomic per call; no step depends on another task, so in a Cluster there is one call per task.
-- include: cursor, read-state, task-state
local reply = {}
while arg_at < #ARGV do
  local reset = arg() == '1'
  local write = read_write()
  local outcome, text = pending_outcome(write, reset)
  if outcome < 2 then write_pending(write, reset, text) end
  reply[#reply + 1] = outcome
end
return reply
