#!lua
-- Takes keys out of a closed lane or bucket. KEYS: home, then the keys. ARGV: repair number.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], 'closed')
if refused then
    return refused
end
redis.call('UNLINK', unpack(KEYS, 2)) -- few enough for the stack: their number is the caller's
return #KEYS - 1
