-- Stores groups that are not there. KEYS: per group: GroupMeta. ARGV: per group: document, ms to keep it. Returns 1.
-- include: cursor, group
while key_at < #KEYS do init_group() end
return 1
