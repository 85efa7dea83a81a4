-- Publishes one message. Arguments: 'q' and the body; 'p', the priority and the body; or 'd', 1 or 2 (which of the two
-- delayed sets), the delay in milliseconds and the member. Keys: for 'q' and 'p' the queue, for 'p' also its set of priorities.
local function read_post()
  local post = { kind = arg() }
  if post.kind == 'd' then
    post.where, post.delay_ms = number(), number()
  else
    post.queue = key()
    if post.kind == 'p' then
      post.set, post.priority = key(), number()
    end
  end
  post.body = arg()
  return post
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
