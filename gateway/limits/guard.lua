-- The guard's one round trip: the session, the request count and the cached response.
-- KEYS: 1 session ("" without a token), 2 counter of the address, 3 cache tag of the route ("" if it is not cached)
-- ARGV: 1 prefix of users' counters, 2 window of addresses, 3 window of users (seconds), 4 prefix of cache keys, 5 name of the response
-- Returns {session, count, seconds left, cache key, cached response}. If the token's session is not in Redis, nothing
-- is counted.
local session = KEYS[1] ~= "" and redis.call("GET", KEYS[1])
if KEYS[1] ~= "" and not session then
  return {false, 0, 0, false, false}
end

local counter, window = KEYS[2], ARGV[2]
if session and session ~= "" then
  counter, window = ARGV[1] .. cjson.decode(session).user_id, ARGV[3]
end
local count = redis.call("INCR", counter)
local left = redis.call("TTL", counter)
if left < 0 then
  redis.call("EXPIRE", counter, window)
  left = tonumber(window)
end

local key, response = false, false
if KEYS[3] ~= "" then
  key = ARGV[4] .. (redis.call("GET", KEYS[3]) or "0") .. ":" .. ARGV[5]
  response = redis.call("GET", key)
end
return {session, count, left, key, response}
