-- Publishes messages that are delayed or have a priority; others are a plain RPUSH.
-- KEYS: delayed, delayed with envelope; then those of the messages. ARGV: per message as in lib/post.lua. Returns 1.
-- Atomic. In a Cluster all messages go to one slot; the first two keys are of that slot, whichever it is.
-- include: cursor, time, line, post
local delayed, enveloped = key(), key()
while arg_at < #ARGV do write_post(read_post(), delayed, enveloped) end
return 1
