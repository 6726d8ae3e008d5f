#!lua
-- Gives identifiers the owners that Kafka says they had, where they have none. KEYS: home, then one an identifier. ARGV:
-- repair number, then one an identifier: its customer. Answers how many had none.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], 'closed')
if refused then
    return refused
end
local given = 0
for i = 2, #KEYS do
    if redis.call('SET', KEYS[i], ARGV[i], 'NX') then
        given = given + 1
    end
end
return given
