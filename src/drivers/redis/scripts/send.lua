-- Sends units (same store): states and groups, then messages whose state was new.
-- KEYS: delayed, delayed with envelope; per unit the keys of its parts, in order
-- ARGV: two defaults; per unit: its keys and arguments; groups, each; messages, each: 1 = it has a state, then 1 = reset, and
--   the write; the post
-- Returns per unit one outcome per message (0 written, 1 pending, 2 exists), or the error with which the store refused it.
-- Atomic per call.
-- include: cursor, time, line, post, task-state, group, unit
local delayed, enveloped = key(), key()
return each_unit(function()
  local outcomes = {}
  for _ = 1, number() do init_group() end
  for _ = 1, number() do outcomes[#outcomes + 1] = write_guarded(read_guarded(true), 0, delayed, enveloped) end
  return outcomes
end)
