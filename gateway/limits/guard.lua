-- The guard's one round trip: whose session, how many requests, which page.
-- KEYS: 1 session ("" without a token), 2 the address' counter, 3 the tag of the route ("" if it is not cached)
-- ARGV: 1 prefix of users' counters, 2 window of addresses, 3 window of users (seconds), 4 prefix of pages, 5 the page
-- Returns {session, count, seconds left, page key, page}. With a token whose session is not in Redis nothing is counted.
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

local key, page = false, false
if KEYS[3] ~= "" then
  key = ARGV[4] .. (redis.call("GET", KEYS[3]) or "0") .. ":" .. ARGV[5]
  page = redis.call("GET", key)
end
return {session, count, left, key, page}
