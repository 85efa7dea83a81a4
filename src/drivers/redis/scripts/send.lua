-- Sends units (same store): states and groups, then messages whose state was new.
-- KEYS: delayed, delayed with envelope; per unit the keys of its parts, in order
-- ARGV: two defaults; messages that may wait in a queue (0 = any number); per unit: its keys and arguments; groups, each; messages, each: 1 = it has a state, then 1 = reset, and
--   the write; the post
-- Returns per unit one outcome per message (0 written, 1 pending, 2 exists), or the error with which the store refused it.
-- Atomic per call.
-- include: cursor, time, line, post, task-state, group, unit
LIMIT = number()
local delayed, enveloped = key(), key()

-- Before anything of a unit happens: whether all of its messages have room. Reads it, and goes back to its beginning.
local function require_room()
  local first_key, first_arg = key_at, arg_at
  local left = {}
  for _ = 1, number() do key_at, arg_at = key_at + 1, arg_at + 2 end
  for _ = 1, number() do
    local guarded = read_guarded(true)
    local post = guarded.post
    if post.queue and (not guarded.pending or pending_outcome(guarded.pending, guarded.reset) == 0) then
      left[post.queue] = (left[post.queue] or room_for(post)) - 1
      if left[post.queue] < 0 then error({ err = 'QUEUEFULL ' .. post.queue .. ' holds ' .. LIMIT .. ' messages' }) end
    end
  end
  key_at, arg_at = first_key, first_arg
end

return each_unit(function()
  if LIMIT > 0 then require_room() end
  local outcomes = {}
  for _ = 1, number() do init_group() end
  for _ = 1, number() do outcomes[#outcomes + 1] = write_guarded(read_guarded(true), 0, delayed, enveloped) end
  return outcomes
end, {})
