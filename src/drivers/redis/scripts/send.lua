-- Sends units (same store): states and groups, then messages whose state was new.
-- KEYS: delayed, delayed with envelope; per unit the keys of its parts, in order
-- ARGV: two defaults; messages that may wait in a queue (0 = any number); per unit: its keys and arguments; groups, each; messages, each: 1 = it has a state, then 1 = reset, and
--   the write; the post. Or a run of new messages of one queue, as one unit: 'run'; what their states share (expiry, name, middle, tail);
--   messages, each: time, body. Its keys are the queue and their states.
-- Returns per unit one outcome per message (0 written, 1 pending, 2 exists; of a run one 0 for all where all were written), or the error
--   with which the store refused it; of a run also in the place of a message.
-- Atomic per call.
-- include: cursor, time, line, post, read-state, task-state, group, unit
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

local function send_run()
  local post = { kind = 'q', queue = key() }
  local write = { ttl = arg(), head = '', name = arg(), middle = arg(), tail = arg() }
  local count = number()
  if redis.call('EXISTS', unpack(KEYS, key_at + 1, key_at + count)) == 0 then
    local bodies = {}
    for index = 1, count do bodies[index] = ARGV[arg_at + 2 * index] end
    redis.call('RPUSH', post.queue, unpack(bodies))
    for _ = 1, count do
      write.key, write.created = key(), arg()
      write_state(write)
      arg()
    end
    return 0
  end
  local outcomes = {}
  for index = 1, count do
    write.key, write.created, post.body = key(), arg(), arg()
    outcomes[index] = outcome_of(write_guarded, { pending = write, post = post }, 0)
  end
  return outcomes
end

return each_unit(function()
  if ARGV[arg_at + 1] == 'run' then
    arg_at = arg_at + 1
    return send_run()
  end
  if LIMIT > 0 then require_room() end
  local outcomes = {}
  for _ = 1, number() do init_group() end
  for _ = 1, number() do outcomes[#outcomes + 1] = write_guarded(read_guarded(true), 0, delayed, enveloped) end
  return outcomes
end, {})
