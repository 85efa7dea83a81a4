-- Publishes messages that are delayed or have a priority; others are a plain RPUSH.
-- KEYS: delayed, delayed with envelope; then those of the messages
-- ARGV: messages that may wait in a queue (0 = any number); per message as in lib/post.lua
-- Returns the numbers, from 0, of the messages for which their queue had no room: they are not stored.
-- Atomic. In a Cluster all messages go to one slot; the first two keys are of that slot, whichever it is.
-- include: cursor, time, line, post
LIMIT = number()
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
