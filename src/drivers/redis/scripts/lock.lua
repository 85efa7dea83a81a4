-- Go's lock (go-brokers-backends 6.3), its three steps at once.
-- KEYS: the lock. ARGV: value (Unix ns until which it is held), now (Unix ns), ms until then. Returns 1 if it was taken.
-- Numbers of 19 digits: compared as text, since a Lua number would round them.
local function is_before(a, b)
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
