-- Counts a request in a window that the first one begins.
-- KEYS: 1 counter. ARGV: 1 window (seconds). Returns {count, seconds left}.
local count = redis.call("INCR", KEYS[1])
local left = redis.call("TTL", KEYS[1])
if left < 0 then
  redis.call("EXPIRE", KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}
