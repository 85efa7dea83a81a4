-- FAILURE of tasks that do not run.
-- KEYS: per task: state, companion. ARGV: two defaults; per task: states that may be replaced, each between commas; the write.
-- Returns per task 0: written, or 1: another state stands. Atomic per call.
-- flags: allow-oom
-- include: cursor, read-state, task-state
local reply = {}
while arg_at < #ARGV do
  local over = arg()
  reply[#reply + 1] = write_fail(read_write(), over)
end
return reply
