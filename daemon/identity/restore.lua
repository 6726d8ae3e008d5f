#!lua
-- Gives identifiers the owners that Kafka says they had, where they have none. KEYS: home, then one an identifier. ARGV:
-- repair number, then one an identifier: its customer; with ' shared' behind it of one that was demoted, which keeps the
-- owner that it has. Answers how many had none.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], 'closed')
if refused then
    return refused
end
local ID = 36

local function demote(key)
    local owner = redis.pcall('GET', key)
    if type(owner) == 'string' and #owner == ID then
        redis.call('SET', key, owner .. ' shared')
    end
end

local given = 0
for i = 2, #KEYS do
    if redis.call('SET', KEYS[i], ARGV[i], 'NX') then
        given = given + 1
    elseif #ARGV[i] > ID then
        demote(KEYS[i])
    end
end
return given
