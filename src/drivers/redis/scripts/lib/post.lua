-- Messages that may wait in a queue; 0: any number. Set by the scripts that heed it.
local LIMIT = 0

-- Publishes one message. Arguments: 'q' and the body; 'p', the priority and the body; or 'd', 1 or 2 (which of the two
-- delayed sets), the delay in milliseconds and the member. Keys: for 'q' and 'p' the queue, for 'p' and where there is a limit also
-- its set of priorities, and with a limit its landing list.
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

-- How many messages its queue still takes. What is delayed counts when it is due.
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
