-- The guard's one round trip: the session, the request count and the cached response.
-- KEYS: 1 session ("" without a token), 2 counter of the address, 3 and further: cache tags of the response
-- ARGV: 1 prefix of users' counters, 2 window of addresses, 3 window of users (seconds), 4 prefix of the cache key, 5 name
-- of the response, 6 the version of it that the process has, 7 version of the first tag if it has none, 8 its lifetime
-- (seconds)
-- Returns {session, count, seconds left, version, cached response, its lifetime (milliseconds)}. If the token's session is
-- not in Redis, nothing is counted. The response is not returned if the process has this version.
local session = KEYS[1] ~= "" and redis.call("GET", KEYS[1])
if KEYS[1] ~= "" and not session then
  return {false, 0, 0, false, false, 0}
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

if not KEYS[3] then
  return {session, count, left, false, false, 0}
end
local version = redis.call("GET", KEYS[3])
if not version then -- a number that no tag has had, so that no process finds what it stored before Redis lost its data
  version = ARGV[7]
  redis.call("SET", KEYS[3], version, "EX", ARGV[8])
end
for tag = 4, #KEYS do
  version = version .. "." .. (redis.call("GET", KEYS[tag]) or "0")
end
if version == ARGV[6] then
  return {session, count, left, version, false, 0}
end
local key = ARGV[4] .. version .. ":" .. ARGV[5]
local response = redis.call("GET", key)
return {session, count, left, version, response, response and redis.call("PTTL", key) or 0}
