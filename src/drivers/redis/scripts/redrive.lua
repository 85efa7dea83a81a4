-- Moves dead letters back to their queue.
-- KEYS: queue, dead letters. ARGV: whole dead letters. Returns how many were there.
-- Atomic per letter: the copy is made before the original is deleted.
local moved = 0
for _, letter in ipairs(ARGV) do
  if redis.call('LPOS', KEYS[2], letter) then
    redis.call('RPUSH', KEYS[1], string.sub(letter, string.find(letter, '\n', 1, true) + 1))
    redis.call('LREM', KEYS[2], 1, letter)
    moved = moved + 1
  end
end
return moved
