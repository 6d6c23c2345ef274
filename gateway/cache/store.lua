-- Stores a response. All cached responses together stay within a budget: those that were stored first are evicted.
-- KEYS: 1 response, 2 index: a sorted set of "<size>:<key>" by expiry, 3 size of all responses in the index
-- ARGV: 1 value, 2 lifetime (seconds), 3 budget (bytes)
local function size_of(entry)
  return tonumber(string.match(entry, "^%d+"))
end

local now = tonumber(redis.call("TIME")[1])
local budget = tonumber(ARGV[3])
local size = #ARGV[1] + 2 * #KEYS[1] + 300 -- Redis' own bytes: an estimate
if size > budget then
  return
end

local total = tonumber(redis.call("GET", KEYS[3]) or 0) + size
for _, entry in ipairs(redis.call("ZRANGEBYSCORE", KEYS[2], "-inf", now - 1, "LIMIT", 0, 100)) do
  redis.call("ZREM", KEYS[2], entry)
  total = total - size_of(entry)
end
while total > budget do
  local entry = redis.call("ZPOPMIN", KEYS[2])[1]
  if not entry then -- the index was lost
    total = size
    break
  end
  redis.call("DEL", string.match(entry, "^%d+:(.*)$"))
  total = total - size_of(entry)
end
redis.call("SET", KEYS[1], ARGV[1], "EX", ARGV[2])
if redis.call("ZADD", KEYS[2], now + ARGV[2], size .. ":" .. KEYS[1]) == 0 then
  total = total - size -- it was in the index
end
redis.call("SET", KEYS[3], total)
