// Generated from ../scripts/*.lua by `node scripts/build-lua.ts`: change those.

/** A Lua script: what the server runs. */
export interface LuaSource {
  readonly text: string
  /** Whether it may write when the server is at its memory limit: it makes room, or moves. */
  readonly allowOom: boolean
}

/** All scripts by the name of their file. */
export interface LuaSources {
  readonly beat: LuaSource
  readonly begin: LuaSource
  readonly commit: LuaSource
  readonly controlGet: LuaSource
  readonly controlList: LuaSource
  readonly controlPut: LuaSource
  readonly controlRemove: LuaSource
  readonly due: LuaSource
  readonly fail: LuaSource
  readonly finish: LuaSource
  readonly groupFinish: LuaSource
  readonly groupGet: LuaSource
  readonly groupInit: LuaSource
  readonly groupTrigger: LuaSource
  readonly lead: LuaSource
  readonly lock: LuaSource
  readonly mixedClaim: LuaSource
  readonly mixedFinish: LuaSource
  readonly mixedFlag: LuaSource
  readonly move: LuaSource
  readonly pending: LuaSource
  readonly post: LuaSource
  readonly purge: LuaSource
  readonly reap: LuaSource
  readonly redrive: LuaSource
  readonly reopen: LuaSource
  readonly retry: LuaSource
  readonly scheduleChange: LuaSource
  readonly scheduleFire: LuaSource
  readonly schedulePut: LuaSource
  readonly send: LuaSource
  readonly step: LuaSource
  readonly undelay: LuaSource
  readonly unlock: LuaSource
}

const CURSOR = `local key_at, arg_at = 0, 0
local function key()
  key_at = key_at + 1
  return KEYS[key_at]
end
local function arg()
  arg_at = arg_at + 1
  return ARGV[arg_at]
end
local function number()
  return tonumber(arg())
end
`

const DEAD = `local function bury(dead, id, reason, count, body)
  local at = string.format('%.0f', math.floor(now_micros() / 1000))
  redis.call('RPUSH', dead, '{"id":"' .. id .. '","reason":' .. reason .. ',"at":' .. at .. ',"count":' .. count .. '}\\n' .. body)
end
`

const GROUP = `local function init_group()
  redis.call('SET', key(), arg(), 'NX', 'PX', arg())
end
local function finish_member()
  local group, members, trigger = key(), key(), key()
  local member, count, outcome, ttl = arg(), number(), arg(), arg()
  redis.call('HSETNX', members, member, outcome)
  redis.call('PEXPIRE', members, ttl)
  redis.call('PEXPIRE', group, ttl)
  if redis.call('HLEN', members) < count then return 0 end
  local owner = redis.call('GET', trigger)
  if owner == 'done' then return 3 end
  if owner and owner ~= member then return 2 end
  redis.call('SET', trigger, member, 'PX', ttl)
  return 1
end
local function mark_triggered(group, was, is)
  local meta = redis.call('GET', group)
  if not meta then return end
  local changed, times = string.gsub(meta, '"ChordTriggered":' .. was, '"ChordTriggered":' .. is, 1)
  if times == 1 then redis.call('SET', group, changed, 'KEEPTTL') end
end
`

const LINE = `local BAND = 17592186044416
local function whole(value)
  return string.format('%.0f', value)
end
local function add_to_band(set, queue, score, body)
  redis.call('ZADD', set, whole(score), whole(score) .. ':' .. body)
  redis.call('PUBLISH', 'mq:w:' .. queue, '')
end
local function push_tail(queue, set, priority, body)
  if priority == 0 then return redis.call('RPUSH', queue, body) end
  local low = (255 - priority) * BAND
  local last = redis.call('ZREVRANGEBYSCORE', set, whole(low + BAND - 1), whole(low), 'WITHSCORES', 'LIMIT', 0, 1)
  add_to_band(set, queue, last[2] and tonumber(last[2]) + 1 or low + BAND / 2, body)
end
local function push_head(queue, set, priority, body)
  if priority == 0 then return redis.call('LPUSH', queue, body) end
  local low = (255 - priority) * BAND
  local first = redis.call('ZRANGEBYSCORE', set, whole(low), whole(low + BAND - 1), 'WITHSCORES', 'LIMIT', 0, 1)
  add_to_band(set, queue, first[2] and tonumber(first[2]) - 1 or low + BAND / 2, body)
end
local function priority_of(field)
  return tonumber(string.match(field, '^%d+:%d+:(%d+)$') or 0)
end
`

const POST = `local LIMIT = 0
local function read_post()
  local post = { kind = arg() }
  if post.kind == 'd' then
    post.where, post.delay_ms = number(), number()
  else
    post.queue = key()
    if post.kind == 'p' or LIMIT > 0 then post.set = key() end
    if LIMIT > 0 then post.land = key() end
    if post.kind == 'p' then post.priority = number() end
  end
  post.body = arg()
  return post
end
local function room_for(post)
  if LIMIT == 0 or post.kind == 'd' then return math.huge end
  return LIMIT - redis.call('LLEN', post.queue) - redis.call('LLEN', post.land) - redis.call('ZCARD', post.set)
end
local function write_post(post, delayed, enveloped)
  if post.kind == 'q' then
    redis.call('RPUSH', post.queue, post.body)
  elseif post.kind == 'p' then
    push_tail(post.queue, post.set, post.priority, post.body)
  else
    redis.call('ZADD', post.where == 1 and delayed or enveloped, nanos_after(post.delay_ms), post.body)
    if post.delay_ms < 100 then redis.call('PUBLISH', 'mq:due:' .. delayed, post.delay_ms) end
  end
end
`

const READ_STATE = `local FOREIGN = '{"TaskUUID":"","State":"FAILURE","Error":"the key of the state holds a value of another type"}'
local function decoded(text)
  local ok, document = pcall(cjson.decode, text)
  return ok and type(document) == 'table' and document or {}
end
local function state_of(text, k)
  local after = #k + 15
  local state = string.match(text, '^,"TaskName":"[^"\\\\]*","State":"(%u+)"', after)
    or string.match(text, '^,"State":"(%u+)"', after)
  if state then return state end
  state = decoded(text).State
  return type(state) == 'string' and state or ''
end
local function read_state(k)
  local text = redis.pcall('GET', k)
  if type(text) == 'table' then text = FOREIGN end
  return text, text and state_of(text, k)
end
`

const TASK_STATE = `local TERMINAL = { SUCCESS = true, FAILURE = true }
local NO_NAME, NO_TIME = arg(), arg()
local function name_of(text, k)
  local after = #k + 15
  local name = string.match(text, '^,"TaskName":("[^"\\\\]*"),"State":', after)
  if name then return name end
  if string.find(text, '^,"State":', after) then return '' end
  name = decoded(text).TaskName
  return type(name) == 'string' and cjson.encode(name) or ''
end
local function created_of(text)
  local created = string.match(text, '"CreatedAt":("[^"\\\\]*")', -80)
    or string.match(text, '.*"CreatedAt"%s*:%s*("[^"\\\\]*")') or ''
  return created == '"0001-01-01T00:00:00Z"' and '' or created
end
local function read_write()
  local k, a = key_at, arg_at
  key_at, arg_at = k + 2, a + 6
  return {
    key = KEYS[k + 1], extra = KEYS[k + 2], ttl = ARGV[a + 1], head = ARGV[a + 2], name = ARGV[a + 3],
    middle = ARGV[a + 4], created = ARGV[a + 5], tail = ARGV[a + 6],
  }
end
local function store_state(write, name, created, is_terminal)
  if name == '' then name = NO_NAME end
  if created == '' then created = NO_TIME end
  local head = write.head == '' and '{"TaskUUID":"' .. write.key .. '"' or write.head
  local document = head .. (name == '' and '' or ',"TaskName":') .. name .. write.middle
    .. (created == '' and '' or ',"CreatedAt":') .. created .. write.tail
  redis.call('SET', write.key, document, 'PX', write.ttl)
  redis.call('PUBLISH', 'mq:s:' .. write.key, is_terminal and #document <= 4096 and document or '')
end
local function write_state(write, text, is_new, is_terminal)
  local name, created = write.name, write.created
  if text and name == '' then name = name_of(text, write.key) end
  if text and not is_new then
    local kept = created_of(text)
    if kept ~= '' then created = kept end
  end
  store_state(write, name, created, is_terminal)
end
local function pending_outcome(write, reset)
  local text, state = read_state(write.key)
  if not text then return 0, text end
  if text ~= FOREIGN and reset then return 0, text end
  return text ~= FOREIGN and state == 'PENDING' and 1 or 2, text
end
local function write_pending(write, reset, text)
  if text and reset then redis.call('DEL', write.extra) end
  write_state(write, text, reset)
end
local function may_be_begun(text, state)
  return text and state ~= 'PENDING'
end
local function commit_obstacle(write, token, text, state)
  if not may_be_begun(text, state) then return end
  if TERMINAL[state] then return { 1, text } end
  local owner = redis.call('HGET', write.extra, 'tok')
  if owner and owner ~= token then return { 2 } end
end
local function write_commit(write, text, state)
  write_state(write, text, false, true)
  if may_be_begun(text, state) then redis.call('DEL', write.extra) end
end
local function retry_obstacle(write, token, digest, text, state)
  if not may_be_begun(text, state) then return end
  if TERMINAL[state] then return { 1, text } end
  local intent = redis.call('HGET', write.extra, 'i:' .. digest)
  if intent then return { 3, intent } end
  return commit_obstacle(write, token, text, state)
end
local function write_retry(write, digest, body, text)
  redis.call('HSET', write.extra, 'i:' .. digest, body)
  redis.call('PEXPIRE', write.extra, write.ttl)
  write_state(write, text)
end
local function write_fail(write, over)
  local text, state = read_state(write.key)
  if text and not string.find(over, ',' .. state .. ',', 1, true) then return 1 end
  write_state(write, text, false, true)
  redis.call('DEL', write.extra)
  return 0
end
`

const TIME = `local function now_micros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local function nanos_after(delay_ms)
  return string.format('%.0f', now_micros() + delay_ms * 1000) .. '000'
end
`

const UNIT = `local function outcome_of(run, ...)
  local ok, outcome = pcall(run, ...)
  if ok then return outcome end
  return type(outcome) == 'table' and outcome.err or tostring(outcome)
end
local function each_unit(run, reply)
  while arg_at < #ARGV do
    local keys, args = number(), number()
    local next_key, next_arg = key_at + keys, arg_at + args
    reply[#reply + 1] = outcome_of(run)
    key_at, arg_at = next_key, next_arg
  end
  return reply
end
local function read_guarded(has_reset)
  local guarded = {}
  if arg() == '1' then
    guarded.reset = has_reset and arg() == '1'
    guarded.pending = read_write()
  end
  guarded.post = read_post()
  return guarded
end
local function write_guarded(guarded, most, delayed, enveloped)
  local outcome, text = 0, nil
  if guarded.pending then outcome, text = pending_outcome(guarded.pending, guarded.reset) end
  if outcome <= most then write_post(guarded.post, delayed, enveloped) end
  if guarded.pending and outcome < 2 then write_pending(guarded.pending, guarded.reset, text) end
  return outcome
end
`

export const LUA: LuaSources = {
  beat: {
    allowOom: true,
    text: `if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
return redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
`,
  },
  begin: {
    allowOom: true,
    text: `${CURSOR}${READ_STATE}${TASK_STATE}local function begin()
  local token, digest, if_first, write = arg(), arg(), arg() == '1', read_write()
  local text, state = read_state(write.key)
  if text and TERMINAL[state] then return { 1, text } end
  local intent = redis.call('HGET', write.extra, 'i:' .. digest)
  if intent then return { 3, intent } end
  if if_first then
    if text and state ~= 'PENDING' then return { 4 } end
    if redis.call('HEXISTS', write.extra, 'tok') == 1 then return { 4 } end
  end
  redis.call('HSET', write.extra, 'tok', token)
  local begins = redis.call('HINCRBY', write.extra, 'n', 1)
  redis.call('PEXPIRE', write.extra, write.ttl)
  write_state(write, text)
  return { 0, begins }
end
local reply = {}
while arg_at < #ARGV do reply[#reply + 1] = begin() end
return reply
`,
  },
  commit: {
    allowOom: true,
    text: `${CURSOR}${READ_STATE}${TASK_STATE}local reply = {}
while arg_at < #ARGV do
  local token, write = arg(), read_write()
  local text, state = read_state(write.key)
  local obstacle = commit_obstacle(write, token, text, state)
  if not obstacle then write_commit(write, text, state) end
  reply[#reply + 1] = obstacle or { 0 }
end
return reply
`,
  },
  controlGet: {
    allowOom: true,
    text: `${TIME}local now = math.floor(now_micros() / 1000)
local found = {}
for index, key in ipairs(ARGV) do
  local expires_at = redis.call('ZSCORE', KEYS[2], key)
  found[index] = expires_at and tonumber(expires_at) > now and redis.call('HGET', KEYS[1], key)
end
return found
`,
  },
  controlList: {
    allowOom: true,
    text: `${TIME}local now = string.format('%.0f', math.floor(now_micros() / 1000))
local found = {}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. now, '+inf')) do
  if string.sub(key, 1, #ARGV[1]) == ARGV[1] then
    found[#found + 1] = key
    found[#found + 1] = redis.call('HGET', KEYS[1], key)
  end
end
return found
`,
  },
  controlPut: {
    allowOom: false,
    text: `${TIME}local now = math.floor(now_micros() / 1000)
local values, times = KEYS[1], KEYS[2]
local expired = redis.call('ZRANGEBYSCORE', times, '-inf', string.format('%.0f', now), 'LIMIT', 0, math.floor(#ARGV / 3) * 2)
for _, key in ipairs(expired) do
  redis.call('HDEL', values, key)
  redis.call('ZREM', times, key)
end
for at = 1, #ARGV, 3 do
  redis.call('HSET', values, ARGV[at], ARGV[at + 1])
  local expires_at = ARGV[at + 2] == 'inf' and '+inf' or string.format('%.0f', now + tonumber(ARGV[at + 2]))
  redis.call('ZADD', times, expires_at, ARGV[at])
end
local last = redis.call('ZREVRANGE', times, 0, 0, 'WITHSCORES')[2]
for _, key in ipairs(KEYS) do
  if last == 'inf' then redis.call('PERSIST', key) else redis.call('PEXPIREAT', key, last) end
end
return 1
`,
  },
  controlRemove: {
    allowOom: true,
    text: `for _, key in ipairs(ARGV) do
  redis.call('HDEL', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
end
return 1
`,
  },
  due: {
    allowOom: true,
    text: `${TIME}local function is_moved(delayed, member)
  local queue = string.match(member, '^{"UUID":"[^"\\\\]*","Name":"[^"\\\\]*","RoutingKey":"([^"\\\\]+)"')
  if not queue or string.find(member, '\\\\u', 1, true) then return false end
  local lower = string.lower(member)
  if string.find(lower, '"priority"', 1, true) then return false end
  local _, first = string.find(lower, '"routingkey"', 1, true)
  if string.find(lower, '"routingkey"', first, true) then return false end
  if type(redis.pcall('RPUSH', queue, member)) == 'table' then return false end
  redis.call('ZREM', delayed, member)
  return true
end
local leader = redis.call('GET', KEYS[3])
if leader and leader ~= ARGV[1] then return { 0 } end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
local now, lease_ms = nanos_after(0), tonumber(ARGV[4])
local leased, next_ms = nanos_after(lease_ms), -1
local reply, is_full = { 1, '', leased }, 0
for index = 1, 2 do
  local due = redis.call('ZRANGEBYSCORE', KEYS[index], '-inf', now, 'LIMIT', 0, ARGV[3])
  if lease_ms > 0 then
    for _, member in ipairs(due) do redis.call('ZADD', KEYS[index], 'XX', leased, member) end
  end
  local later = redis.call('ZRANGEBYSCORE', KEYS[index], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if later[2] then
    local ms = math.max(math.ceil((tonumber(later[2]) - tonumber(now)) / 1000000), 0)
    if next_ms < 0 or ms < next_ms then next_ms = ms end
  end
  if #due == tonumber(ARGV[3]) then is_full = 1 end
  reply[3 + index] = due
  if index == 1 and lease_ms == 0 then
    reply[4] = {}
    for _, member in ipairs(due) do
      if not is_moved(KEYS[1], member) then table.insert(reply[4], member) end
    end
  end
end
reply[2], reply[6] = next_ms, is_full
return reply
`,
  },
  fail: {
    allowOom: true,
    text: `${CURSOR}${READ_STATE}${TASK_STATE}local reply = {}
while arg_at < #ARGV do
  local over = arg()
  reply[#reply + 1] = write_fail(read_write(), over)
end
return reply
`,
  },
  finish: {
    allowOom: true,
    text: `${CURSOR}${TIME}${LINE}${POST}${READ_STATE}${TASK_STATE}${GROUP}${UNIT}local delayed, enveloped = key(), key()
local consumers = {}
for index = 1, number() do consumers[index] = { name = arg(), flying = key(), counts = key(), fields = {} } end
local function commit(write, token)
  local text, state = read_state(write.key)
  if commit_obstacle(write, token, text, state) then return false end
  write_commit(write, text, state)
  return true
end
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
local function pending_since(text, uuid)
  return string.match(text, '^,"TaskName":"[^"\\\\]*","State":"PENDING","CreatedAt":("[^"\\\\]*")}$', #uuid + 15)
end
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
`,
  },
  groupFinish: {
    allowOom: true,
    text: `${CURSOR}${GROUP}local reply = {}
while key_at < #KEYS do reply[#reply + 1] = finish_member() end
return reply
`,
  },
  groupGet: {
    allowOom: false,
    text: `return { redis.call('GET', KEYS[1]), redis.call('HGETALL', KEYS[2]), redis.call('GET', KEYS[3]) }
`,
  },
  groupInit: {
    allowOom: false,
    text: `${CURSOR}${GROUP}while key_at < #KEYS do init_group() end
return 1
`,
  },
  groupTrigger: {
    allowOom: true,
    text: `${CURSOR}${GROUP}local group, members, trigger, list = key(), key(), key(), key()
local ttl, member = arg(), arg()
if redis.call('EXISTS', group, members) == 0 then return 1 end
if member == '' then
  redis.call('SET', trigger, 'done', 'PX', ttl)
  mark_triggered(group, 'false', 'true')
else
  redis.call('HDEL', members, member)
  redis.call('DEL', trigger)
  redis.call('LPUSHX', list, member)
  mark_triggered(group, 'true', 'false')
end
return 1
`,
  },
  lead: {
    allowOom: true,
    text: `local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`,
  },
  lock: {
    allowOom: false,
    text: `local function is_before(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end
local held = redis.call('GET', KEYS[1])
if held and (held == '0' or not string.find(held, '^%d+$') or not is_before(held, ARGV[2])) then return 0 end
if tonumber(ARGV[3]) > 0 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
else
  redis.call('DEL', KEYS[1])
end
return 1
`,
  },
  mixedClaim: {
    allowOom: true,
    text: `local owner = redis.call('GET', KEYS[2])
if owner == 'done' or owner and string.sub(owner, 1, 1) == '!' then return owner end
local meta = redis.call('GET', KEYS[1])
if meta and string.find(meta, '"ChordTriggered":true', 1, true) then
  owner = 'done'
elseif not owner then
  owner = ARGV[1]
end
redis.call('SET', KEYS[2], owner, 'PX', ARGV[2])
return owner
`,
  },
  mixedFinish: {
    allowOom: true,
    text: `${CURSOR}local function make_list(list, meta)
  local ok, document = pcall(cjson.decode, meta)
  local uuids = ok and type(document) == 'table' and document.TaskUUIDs
  if type(uuids) == 'table' then
    for _, uuid in ipairs(uuids) do
      if type(uuid) == 'string' and uuid ~= '' then redis.call('RPUSH', list, uuid) end
    end
  end
  redis.call('RPUSH', list, '')
end
local function unknown_members(list, meta, outcomes, most)
  if redis.call('EXISTS', list) == 0 then
    local text = redis.call('GET', meta)
    if not text then return { 0 } end
    make_list(list, text)
  end
  while true do
    local head = redis.call('LINDEX', list, 0)
    if not head or head == '' or redis.call('HEXISTS', outcomes, head) == 0 then break end
    redis.call('LPOP', list)
  end
  local reply = { 0 }
  for _, uuid in ipairs(redis.call('LRANGE', list, 0, most - 1)) do
    if uuid ~= '' and redis.call('HEXISTS', outcomes, uuid) == 0 then reply[#reply + 1] = uuid end
  end
  return reply
end
local function finish()
  local meta, outcomes, trigger, list = key(), key(), key(), key()
  local count, ttl, most = number(), arg(), number()
  for _ = 1, number() do redis.call('HSETNX', outcomes, arg(), arg()) end
  local reply
  if redis.call('HLEN', outcomes) < count then
    reply = most > 0 and unknown_members(list, meta, outcomes, most) or { 0 }
  else
    local owner = redis.call('GET', trigger)
    reply = owner and { 1, owner } or { 2 }
  end
  for _, kept in ipairs({ meta, outcomes, list }) do redis.call('PEXPIRE', kept, ttl) end
  return reply
end
local reply = {}
while key_at < #KEYS do reply[#reply + 1] = finish() end
return reply
`,
  },
  mixedFlag: {
    allowOom: true,
    text: `${CURSOR}${GROUP}if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local meta = redis.call('GET', KEYS[1])
if meta and string.find(meta, '"ChordTriggered":true', 1, true) then return 0 end
redis.call('SET', KEYS[2], '!' .. ARGV[1], 'PX', ARGV[2])
mark_triggered(KEYS[1], 'false', 'true')
return 1
`,
  },
  move: {
    allowOom: true,
    text: `${TIME}${LINE}${DEAD}local now, moved = tonumber(nanos_after(0)), 0
for at = 1, #ARGV, 5 do
  local where, member, from, index, priority = KEYS[tonumber(ARGV[at])], unpack(ARGV, at + 1, at + 4)
  local score = redis.call('ZSCORE', where, member)
  if score and tonumber(score) <= now then
    local body, problem = string.sub(member, tonumber(from)), '"it names no queue"'
    if index ~= '0' then
      local ok = pcall(push_tail, KEYS[2 + 2 * index], KEYS[3 + 2 * index], tonumber(priority), body)
      problem = not ok and '"its queue is a key of another type"'
    end
    if problem then bury(KEYS[3], redis.sha1hex(member) .. ':' .. at, problem, 0, body) end
    redis.call('ZREM', where, member)
    moved = moved + 1
  end
end
return moved
`,
  },
  pending: {
    allowOom: false,
    text: `${CURSOR}${READ_STATE}${TASK_STATE}local reply = {}
while arg_at < #ARGV do
  local reset = arg() == '1'
  local write = read_write()
  local outcome, text = pending_outcome(write, reset)
  if outcome < 2 then write_pending(write, reset, text) end
  reply[#reply + 1] = outcome
end
return reply
`,
  },
  post: {
    allowOom: false,
    text: `${CURSOR}${TIME}${LINE}${POST}LIMIT = number()
local delayed, enveloped = key(), key()
local refused, index = {}, 0
while arg_at < #ARGV do
  local post = read_post()
  if room_for(post) < 1 then
    refused[#refused + 1] = index
  else
    write_post(post, delayed, enveloped)
  end
  index = index + 1
end
return refused
`,
  },
  purge: {
    allowOom: true,
    text: `local removed, has_counts = 0, redis.call('EXISTS', KEYS[4]) == 1
local function forget(body)
  removed = removed + 1
  if has_counts then redis.call('HDEL', KEYS[4], redis.sha1hex(body)) end
end
for index = 1, 2 do
  local bodies = redis.call('LRANGE', KEYS[index], 0, ARGV[1] - 1)
  for _, body in ipairs(bodies) do forget(body) end
  redis.call('LTRIM', KEYS[index], #bodies, -1)
end
local members = redis.call('ZRANGE', KEYS[3], 0, ARGV[1] - 1)
for _, member in ipairs(members) do forget(string.sub(member, string.find(member, ':', 1, true) + 1)) end
if #members > 0 then redis.call('ZREMRANGEBYRANK', KEYS[3], 0, #members - 1) end
return removed
`,
  },
  reap: {
    allowOom: true,
    text: `${TIME}${LINE}${DEAD}local queue, land, registry, flying, counts, dead, set = unpack(KEYS, 1, 7)
local consumer, observed, counted, most = ARGV[1], ARGV[2], ARGV[3] == '1', tonumber(ARGV[4])
local most_dead = tonumber(ARGV[5]) or math.huge
local beat = redis.call('HGET', registry, consumer)
if not beat or (observed ~= '' and observed ~= beat) then return -1 end
local all, held = redis.call('HGETALL', flying), {}
for at = 1, #all, 2 do
  local seq, index = string.match(all[at], '^(%d+):(%d+)')
  if seq then held[#held + 1] = { tonumber(seq), tonumber(index), all[at], all[at + 1] } end
end
table.sort(held, function(a, b)
  if a[1] ~= b[1] then return a[1] > b[1] end
  return a[2] > b[2]
end)
local suspects = {}
for _, entry in ipairs(held) do
  local field, body = entry[3], entry[4]
  local failed = counted and redis.call('HINCRBY', counts, redis.sha1hex(body), 1) or 0
  if counted and failed >= most and redis.call('LLEN', dead) < most_dead then
    bury(dead, consumer .. ':' .. field, '"its consumers died again and again"', failed, body)
    redis.call('HDEL', counts, redis.sha1hex(body))
  elseif failed > 1 then
    suspects[#suspects + 1] = entry
  else
    push_head(queue, set, priority_of(field), body)
  end
end
for index = #suspects, 1, -1 do
  push_tail(queue, set, priority_of(suspects[index][3]), suspects[index][4])
end
if counted and #held > 0 then redis.call('PEXPIRE', counts, 604800000) end
redis.call('DEL', flying)
redis.call('HDEL', registry, consumer)
if redis.call('HLEN', registry) == 0 then
  while redis.call('LMOVE', land, queue, 'RIGHT', 'LEFT') do end
end
return #held
`,
  },
  redrive: {
    allowOom: false,
    text: `local moved = 0
for _, letter in ipairs(ARGV) do
  if redis.call('LPOS', KEYS[2], letter) then
    redis.call('RPUSH', KEYS[1], string.sub(letter, string.find(letter, '\\n', 1, true) + 1))
    redis.call('LREM', KEYS[2], 1, letter)
    moved = moved + 1
  end
end
return moved
`,
  },
  reopen: {
    allowOom: false,
    text: `${CURSOR}${READ_STATE}${TASK_STATE}local reply = {}
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
`,
  },
  retry: {
    allowOom: true,
    text: `${CURSOR}${READ_STATE}${TASK_STATE}local reply = {}
while arg_at < #ARGV do
  local token, digest, body, write = arg(), arg(), arg(), read_write()
  local text, state = read_state(write.key)
  local obstacle = retry_obstacle(write, token, digest, text, state)
  if not obstacle then write_retry(write, digest, body, text) end
  reply[#reply + 1] = obstacle or { 0 }
end
return reply
`,
  },
  scheduleChange: {
    allowOom: false,
    text: `${TIME}local name = ARGV[1]
local last = redis.call('HGET', KEYS[3], name)
if not last then return 0 end
if ARGV[2] == 'pause' then
  redis.call('SADD', KEYS[4], name)
elseif ARGV[2] == 'resume' then
  if redis.call('SREM', KEYS[4], name) == 1 then
    local now = math.floor(now_micros() / 1000)
    local tick, fired = string.match(last, '^(%d+):(%d)$')
    if tonumber(tick) < now then redis.call('HSET', KEYS[3], name, string.format('%.0f', now) .. ':' .. fired) end
  end
else
  for _, entry in ipairs(redis.call('HKEYS', KEYS[5])) do
    if string.match(entry, '^%d+:(.*)$') == name then
      redis.call('HDEL', KEYS[5], entry)
      redis.call('ZREM', KEYS[6], entry)
    end
  end
  redis.call('HDEL', KEYS[1], name)
  redis.call('HDEL', KEYS[2], name)
  redis.call('SREM', KEYS[4], name)
  redis.call('HDEL', KEYS[3], name)
end
return 1
`,
  },
  scheduleFire: {
    allowOom: false,
    text: `${TIME}local last = redis.call('HGET', KEYS[1], ARGV[1])
if not last or redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 1 then return 0 end
if tonumber(ARGV[2]) <= tonumber(string.match(last, '^%d+')) then return 0 end
local entry = ARGV[2] .. ':' .. ARGV[1]
redis.call('HSET', KEYS[3], entry, ARGV[3])
redis.call('ZADD', KEYS[4], string.format('%.0f', math.floor(now_micros() / 1000)), entry)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':1')
return 1
`,
  },
  schedulePut: {
    allowOom: false,
    text: `${TIME}local now = string.format('%.0f', math.floor(now_micros() / 1000))
local spec, last = redis.call('HGET', KEYS[1], ARGV[1]), redis.call('HGET', KEYS[3], ARGV[1])
if not last then
  redis.call('HSET', KEYS[3], ARGV[1], now .. ':0')
elseif spec ~= ARGV[2] then
  local tick, fired = string.match(last, '^(%d+):(%d)$')
  if tonumber(tick) < tonumber(now) then tick = now end
  redis.call('HSET', KEYS[3], ARGV[1], tick .. ':' .. fired)
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`,
  },
  send: {
    allowOom: false,
    text: `${CURSOR}${TIME}${LINE}${POST}${READ_STATE}${TASK_STATE}${GROUP}${UNIT}LIMIT = number()
local delayed, enveloped = key(), key()
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
`,
  },
  step: {
    allowOom: true,
    text: `${TIME}${LINE}${DEAD}${READ_STATE}local queue, land, registry, flying, counts, dead, set = unpack(KEYS, 1, 7)
local consumer, seq, want = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if redis.call('HEXISTS', registry, consumer) == 0 then return { -1 } end
local last_seq, last_missed = string.match(redis.call('HGET', flying, '#') or '0:', '^(%d+):(.*)$')
if seq < tonumber(last_seq) then return { -2 } end
local has_counts = redis.call('EXISTS', counts) == 1
local function count_of(body)
  return has_counts and tonumber(redis.call('HGET', counts, redis.sha1hex(body)) or 0) or 0
end
local has_states = #KEYS > 7
local function are_new(bodies)
  local uuids, places, are = {}, {}, {}
  for place, body in ipairs(bodies) do
    local uuid = has_states and string.match(body, '^{"UUID":"([^"\\\\]+)"')
    if uuid then uuids[#uuids + 1], places[#places + 1] = uuid, place end
  end
  for number, text in ipairs(#uuids > 0 and redis.call('MGET', unpack(uuids)) or {}) do
    if not text then text = read_state(uuids[number]) end
    are[places[number]] = not text or state_of(text, uuids[number]) == 'PENDING'
  end
  return are
end
local function answer(missed, suffixes, bodies)
  local are, facts = are_new(bodies), {}
  for place, body in ipairs(bodies) do
    facts[place] = suffixes[place] .. '=' .. 2 * count_of(body) + (are[place] and 1 or 0) .. ','
  end
  return { redis.call('HLEN', flying) - 1, missed, table.concat(facts), unpack(bodies) }
end
if seq == tonumber(last_seq) then
  local all, found = redis.call('HGETALL', flying), {}
  for at = 1, #all, 2 do
    local suffix = string.match(all[at], '^' .. last_seq .. ':(%d.*)')
    if suffix then found[#found + 1] = { tonumber(string.match(suffix, '^%d+')), suffix, all[at + 1] } end
  end
  table.sort(found, function(a, b) return a[1] < b[1] end)
  local suffixes, bodies = {}, {}
  for place, entry in ipairs(found) do suffixes[place], bodies[place] = entry[2], entry[3] end
  return answer(last_missed, suffixes, bodies)
end
local missed, settlement, at = {}, 0, 5
local function miss(mark)
  missed[#missed + 1] = settlement .. (mark or '') .. ','
end
for _ = 1, tonumber(ARGV[4]) do
  local field = ARGV[at]
  if has_counts then
    local body = redis.call('HGET', flying, field)
    if body then redis.call('HDEL', counts, redis.sha1hex(body)) end
  end
  if redis.call('HDEL', flying, field) == 0 then miss() end
  settlement, at = settlement + 1, at + 1
end
while at <= #ARGV do
  local field, kind, counted, first, second = unpack(ARGV, at, at + 4)
  local body = redis.call('HGET', flying, field)
  if not body then
    miss()
  elseif kind == 'd' and redis.call('LLEN', dead) >= tonumber(second) then
    miss('!')
  else
    if counted == '1' then
      redis.call('HINCRBY', counts, redis.sha1hex(body), 1)
      redis.call('PEXPIRE', counts, 604800000)
      has_counts = true
    end
    if kind == 'b' then
      push_head(queue, set, priority_of(field), body)
    elseif kind == 'l' then
      local member = second == '' and body or second
      redis.call('ZADD', KEYS[second == '' and 8 or 9], nanos_after(tonumber(first)), member)
      if tonumber(first) < 100 then redis.call('PUBLISH', 'mq:due:' .. KEYS[8], first) end
    elseif kind == 'd' then
      bury(dead, consumer .. ':' .. field, first, count_of(body), body)
      redis.call('HDEL', counts, redis.sha1hex(body))
    end
    redis.call('HDEL', flying, field)
  end
  settlement, at = settlement + 1, at + 5
end
local now_missed, prefix = table.concat(missed), seq .. ':'
local fields, suffixes, bodies = { '#', prefix .. now_missed }, {}, {}
local function take(body, priority)
  local taken = #bodies + 1
  bodies[taken], suffixes[taken] = body, taken .. priority
  fields[#fields + 1], fields[#fields + 2] = prefix .. suffixes[taken], body
end
local bands = want > 0 and redis.call('ZRANGE', set, 0, want - 1, 'WITHSCORES') or {}
for index = 1, #bands, 2 do
  local body = string.sub(bands[index], string.find(bands[index], ':', 1, true) + 1)
  take(body, ':' .. (255 - math.floor(tonumber(bands[index + 1]) / BAND)))
end
local landed = #bodies < want and redis.call('LRANGE', land, 0, want - #bodies - 1) or {}
for _, body in ipairs(landed) do take(body, '') end
local waiting = #bodies < want and redis.call('LRANGE', queue, 0, want - #bodies - 1) or {}
for _, body in ipairs(waiting) do take(body, '') end
redis.call('HSET', flying, unpack(fields))
if #bands > 0 then redis.call('ZREMRANGEBYRANK', set, 0, #bands / 2 - 1) end
if #landed > 0 then redis.call('LTRIM', land, #landed, -1) end
if #waiting > 0 then redis.call('LTRIM', queue, #waiting, -1) end
return answer(now_missed, suffixes, bodies)
`,
  },
  undelay: {
    allowOom: true,
    text: `${TIME}${DEAD}local removed = 0
for at = 2, #ARGV, 3 do
  local where, member, reason = KEYS[tonumber(ARGV[at])], ARGV[at + 1], ARGV[at + 2]
  local score = redis.call('ZSCORE', where, member)
  if score and tonumber(score) == tonumber(ARGV[1]) then
    if reason ~= '' then bury(KEYS[3], redis.sha1hex(member) .. ':' .. at, reason, 0, member) end
    removed = removed + redis.call('ZREM', where, member)
  end
end
return removed
`,
  },
  unlock: {
    allowOom: true,
    text: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`,
  },
}
