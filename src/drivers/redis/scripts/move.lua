-- MOVE (reliability 2.7): puts due messages into their queues.
-- KEYS: delayed, delayed with envelope, dead letters of the delayed set; then per queue: queue, priorities
-- ARGV: per message: 1 or 2 (which set), member, where its body begins, number of its queue (0 = it names none), priority
-- Returns how many were moved. A message that is not due any more, or was moved by another process, is passed over.
-- Atomic per message: the copy is made before the original is deleted. One that its queue does not take becomes a dead letter.
-- flags: allow-oom
-- include: time, line, dead
local now, moved = tonumber(nanos_after(0)), 0
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
