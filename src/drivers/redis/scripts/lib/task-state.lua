-- Protocol W1 on the state of one task: a JSON document under the task's UUID, as Go has it, and a hash beside it with
-- `tok` (whoever began last), `n` (begins) and `i:<digest>` (bytes of the next attempt, per attempt that decided on one).
local TERMINAL = { SUCCESS = true, FAILURE = true }
-- JSON text of an empty name and an unknown time: nothing where only fields that are set are written.
local NO_NAME, NO_TIME = arg(), arg()

local function name_of(text, k)
  local after = #k + 15
  local name = string.match(text, '^,"TaskName":("[^"\\]*"),"State":', after)
  if name then return name end
  if string.find(text, '^,"State":', after) then return '' end
  name = decoded(text).TaskName
  return type(name) == 'string' and cjson.encode(name) or ''
end

-- The last one, near the end: a result before it may contain anything.
local function created_of(text)
  local created = string.match(text, '"CreatedAt":("[^"\\]*")', -80)
    or string.match(text, '.*"CreatedAt"%s*:%s*("[^"\\]*")') or ''
  return created == '"0001-01-01T00:00:00Z"' and '' or created
end

-- What every write brings along: its keys, and the new document in five pieces, around the name and the time. An empty head
-- is that of a UUID which JSON does not escape.
local function read_write()
  local k, a = key_at, arg_at
  key_at, arg_at = k + 2, a + 6
  return {
    key = KEYS[k + 1], extra = KEYS[k + 2], ttl = ARGV[a + 1], head = ARGV[a + 2], name = ARGV[a + 3],
    middle = ARGV[a + 4], created = ARGV[a + 5], tail = ARGV[a + 6],
  }
end

-- Writes the document. Whoever waits is told, and given the document of a terminal state: it need not be read then, unless it is so
-- long that few should carry it.
local function store_state(write, name, created, is_terminal)
  if name == '' then name = NO_NAME end
  if created == '' then created = NO_TIME end
  local head = write.head == '' and '{"TaskUUID":"' .. write.key .. '"' or write.head
  local document = head .. (name == '' and '' or ',"TaskName":') .. name .. write.middle
    .. (created == '' and '' or ',"CreatedAt":') .. created .. write.tail
  redis.call('SET', write.key, document, 'PX', write.ttl)
  redis.call('PUBLISH', 'mq:s:' .. write.key, is_terminal and #document <= 4096 and document or '')
end

-- Writes the document over `text`, keeping its time unless `is_new`, and its name unless there is a new one.
local function write_state(write, text, is_new, is_terminal)
  local name, created = write.name, write.created
  if text and name == '' then name = name_of(text, write.key) end
  if text and not is_new then
    local kept = created_of(text)
    if kept ~= '' then created = kept end
  end
  store_state(write, name, created, is_terminal)
end

-- What a PENDING would be, and the text that stands. 0: written, 1: was PENDING and is, 2: a later state stands.
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

-- Whether a task may have been begun: whoever begins writes STARTED together with the token, and whatever goes back to PENDING
-- takes the token away.
local function may_be_begun(text, state)
  return text and state ~= 'PENDING'
end

-- Why a commit would not write: { 1, state } or { 2 }.
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

-- Why a retry would not be recorded: as for a commit, or { 3, bytes }.
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

-- `over`: names of states that may be replaced, each between commas.
local function write_fail(write, over)
  local text, state = read_state(write.key)
  if text and not string.find(over, ',' .. state .. ',', 1, true) then return 1 end
  write_state(write, text, false, true)
  redis.call('DEL', write.extra)
  return 0
end
