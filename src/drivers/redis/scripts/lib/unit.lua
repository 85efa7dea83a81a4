-- What `run` answers, or the error with which the store refused it, as text: it does not disturb its neighbours.
local function outcome_of(run, ...)
  local ok, outcome = pcall(run, ...)
  if ok then return outcome end
  return type(outcome) == 'table' and outcome.err or tostring(outcome)
end

-- Runs the units of a batch one by one. Each says how many keys and arguments it has, so that one which the store refuses
-- half-way (a key of another type, no memory) leaves the next one in its place. Adds the outcomes to `reply`.
local function each_unit(run, reply)
  while arg_at < #ARGV do
    local keys, args = number(), number()
    local next_key, next_arg = key_at + keys, arg_at + args
    reply[#reply + 1] = outcome_of(run)
    key_at, arg_at = next_key, next_arg
  end
  return reply
end

-- A message that belongs to a state. It is published before its PENDING is written: if the store refuses it, there must be
-- no PENDING that seems to have its message.
local function read_guarded(has_reset)
  local guarded = {}
  if arg() == '1' then
    guarded.reset = has_reset and arg() == '1'
    guarded.pending = read_write()
  end
  guarded.post = read_post()
  return guarded
end

-- `most`: the highest outcome of the PENDING with which the message is still published.
local function write_guarded(guarded, most, delayed, enveloped)
  local outcome, text = 0, nil
  if guarded.pending then outcome, text = pending_outcome(guarded.pending, guarded.reset) end
  if outcome <= most then write_post(guarded.post, delayed, enveloped) end
  if guarded.pending and outcome < 2 then write_pending(guarded.pending, guarded.reset, text) end
  return outcome
end
