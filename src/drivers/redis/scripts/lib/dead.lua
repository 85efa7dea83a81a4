-- A dead letter is one line of JSON, '\n', and the bytes of the message. `reason` is JSON text.
local function bury(dead, id, reason, count, body)
  local at = string.format('%.0f', math.floor(now_micros() / 1000))
  redis.call('RPUSH', dead, '{"id":"' .. id .. '","reason":' .. reason .. ',"at":' .. at .. ',"count":' .. count .. '}\n' .. body)
end
