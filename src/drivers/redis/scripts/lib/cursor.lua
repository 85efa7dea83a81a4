-- Reads KEYS and ARGV from front to back.
local key_at, arg_at = 0, 0
local function key()
  key_at = key_at + 1
  return KEYS[key_at]
end
local function arg()
  arg_at = arg_at + 1
  return ARGV[arg_at]
end
local function number()
  return tonumber(arg())
end
