-- The clock of the server: the one that all processes share.
local function now_micros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- Unix nanoseconds as text: a Lua number would be printed as 1.7e+18.
local function nanos_after(delay_ms)
  return string.format('%.0f', now_micros() + delay_ms * 1000) .. '000'
end
