-- Reads the state of a task: the JSON document under its UUID.
-- A key that holds something else is left alone: it counts as a task that failed.
local FOREIGN = '{"TaskUUID":"","State":"FAILURE","Error":"the key of the state holds a value of another type"}'

local function decoded(text)
  local ok, document = pcall(cjson.decode, text)
  return ok and type(document) == 'table' and document or {}
end

-- Quotes inside JSON strings are escaped, so these patterns cannot match inside one. In Go's order the name and the state follow
-- the UUID, which is the key `k`. Other orders, and names and UUIDs with escapes, take the way through cjson, of which nothing is
-- ever written back but single strings.
local function state_of(text, k)
  local after = #k + 15
  local state = string.match(text, '^,"TaskName":"[^"\\]*","State":"(%u+)"', after)
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
