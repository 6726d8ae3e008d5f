#!lua
-- Looks at one lane or bucket. KEYS: home and, of a lane, released. Answers the home, the server as it is now, and the
-- time that the lane knows; nothing where there is none.
-- include: home.lua
local time = KEYS[2] and redis.pcall('HGET', KEYS[2], 'time')
return { redis.pcall('GET', KEYS[1]), server(), time or false }
