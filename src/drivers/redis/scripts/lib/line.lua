-- The line of a queue: the list that Go sees for priority 0, and one sorted set for all priorities above. A member of the set
-- is '<score>:<body>'; scores of one priority make a band of 2^44, in whose middle it begins, so that there is room at both ends.
local BAND = 17592186044416

local function whole(value)
  return string.format('%.0f', value)
end

local function add_to_band(set, queue, score, body)
  redis.call('ZADD', set, whole(score), whole(score) .. ':' .. body)
  -- The blocking move of the consumers does not see this set.
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

-- The fields of an in-flight hash are '<seq>:<i>' and, above priority 0, '<seq>:<i>:<priority>'.
local function priority_of(field)
  return tonumber(string.match(field, '^%d+:%d+:(%d+)$') or 0)
end
