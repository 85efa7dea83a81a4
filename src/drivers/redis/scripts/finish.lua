-- Finishes deliveries (same store): commit or retry, groups, next messages, failures downstream, members, acknowledgement.
-- KEYS: delayed, delayed with envelope; per consumer: in-flight hash, delivery counts; per commit of a run its state;
--   per unit the keys of its parts, in order
-- ARGV: two defaults; consumers, the name of each; runs of commits by the delivery itself from which nothing follows, each: number of
--   their consumer, what their writes share (expiry, name, tail), commits, the field of each, the middle of each; per unit: its keys and arguments; number of its consumer; field; 'c', token,
--   the write, or 'r', token, digest, bytes, the write, or ''; an empty token is the delivery itself; then, unless nothing follows: groups, each; next messages, each: 1 = it has a state, then the write; the post;
--   failures, each: states, the write; members, each, or 'apart': they are counted apart, before the acknowledgement
-- Returns per commit of a run, then per unit 0 done, 1 fenced: nothing happened, 2 trigger: all but the acknowledgement happened, or the error with
--   which the store refused it: it is not acknowledged.
-- Atomic per call. The acknowledgements are the last writes.
-- flags: allow-oom
-- include: cursor, time, line, post, read-state, task-state, group, unit
local delayed, enveloped = key(), key()
local consumers = {}
for index = 1, number() do consumers[index] = { name = arg(), flying = key(), counts = key(), fields = {} } end

local function commit(write, token)
  local text, state = read_state(write.key)
  if commit_obstacle(write, token, text, state) then return false end
  write_commit(write, text, state)
  return true
end

-- Whether the state lets this delivery end so; if it does, it is written.
local function end_task(kind, delivery)
  local token = arg()
  if token == '' then token = delivery end
  if kind == 'c' then return commit(read_write(), token) end
  local digest, bytes = arg(), arg()
  local write = read_write()
  local text, state = read_state(write.key)
  if retry_obstacle(write, token, digest, text, state) then return false end
  write_retry(write, digest, bytes, text)
  return true
end

-- Whether a member owns the trigger of its group, or may own it.
local function hand_off()
  for _ = 1, number() do init_group() end
  for _ = 1, number() do write_guarded(read_guarded(false), 1, delayed, enveloped) end
  for _ = 1, number() do
    local over = arg()
    write_fail(read_write(), over)
  end
  local members = arg()
  if members == 'apart' then return true end
  local owns_trigger = false
  for _ = 1, tonumber(members) do owns_trigger = finish_member() == 1 or owns_trigger end
  return owns_trigger
end

local function acknowledge(consumer, field, body)
  if consumer.has_counts == nil then consumer.has_counts = redis.call('EXISTS', consumer.counts) == 1 end
  if consumer.has_counts then
    redis.call('HDEL', consumer.counts, redis.sha1hex(body or redis.call('HGET', consumer.flying, field)))
  end
  local fields = consumer.fields
  fields[#fields + 1], fields[field] = field, true
end

local function is_held(consumer, field)
  return not consumer.fields[field] and redis.call('HEXISTS', consumer.flying, field) == 1
end

local function finish_pending(consumer, field, body, write, created)
  store_state(write, write.name, created, true)
  acknowledge(consumer, field, body)
  return 0
end

local function finish_other(consumer, field, write)
  if not is_held(consumer, field) or not commit(write, consumer.name .. ':' .. field) then return 1 end
  acknowledge(consumer, field)
  return 0
end

-- The time of a state that is PENDING, as the compact form has it.
local function pending_since(text, uuid)
  return string.match(text, '^,"TaskName":"[^"\\]*","State":"PENDING","CreatedAt":("[^"\\]*")}$', #uuid + 15)
end

-- Most tasks are PENDING, and their UUIDs differ: what these need is read at once. All others go one by one.
local function finish_run(consumer, write, count, reply)
  local texts = redis.call('MGET', unpack(KEYS, key_at + 1, key_at + count))
  local bodies = redis.call('HMGET', consumer.flying, unpack(ARGV, arg_at + 1, arg_at + count))
  local seen = {}
  for index = 1, count do
    local uuid, field = key(), arg()
    write.key, write.middle = uuid, ARGV[arg_at + count]
    local is_alone = bodies[index] and write.name ~= '' and not seen[uuid] and not consumer.fields[field]
    local created = is_alone and texts[index] and pending_since(texts[index], uuid)
    seen[uuid] = true
    if created then
      reply[#reply + 1] = outcome_of(finish_pending, consumer, field, bodies[index], write, created)
    else
      -- A UUID that JSON writes as it is has no braces.
      write.extra = 'mq:{' .. uuid .. '}:x'
      reply[#reply + 1] = outcome_of(finish_other, consumer, field, write)
    end
  end
  arg_at = arg_at + count
end

local reply = {}
for _ = 1, number() do
  local consumer = consumers[number()]
  local write = { ttl = arg(), head = '', name = arg(), created = '', tail = arg() }
  finish_run(consumer, write, number(), reply)
end
each_unit(function()
  local last_arg = arg_at + tonumber(ARGV[arg_at])
  local consumer, field, kind = consumers[number()], arg(), arg()
  if not is_held(consumer, field) then return 1 end
  if kind ~= '' and not end_task(kind, consumer.name .. ':' .. field) then return 1 end
  if arg_at < last_arg and hand_off() then return 2 end
  acknowledge(consumer, field)
  return 0
end, reply)
for _, consumer in ipairs(consumers) do
  if #consumer.fields > 0 then redis.call('HDEL', consumer.flying, unpack(consumer.fields)) end
end
return reply
