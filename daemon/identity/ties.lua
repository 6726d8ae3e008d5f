#!lua
-- Counts the customers whom values would have tied, and demotes a value of more than so many within a while: its
-- claim gets the mark ' shared' behind its owner, for good. KEYS: home, then a value's claim and its count each: a sorted
-- set of customers by when an event that said so was received last. ARGV: repair number, how many may be, the while in ms;
-- then of each value when it was received, and the customers' ids.
-- Answers of each how many they were, where that has demoted it now; else 0. To say it once more changes nothing.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1])
if refused then
    return refused
end
local most, window, ID = tonumber(ARGV[2]), tonumber(ARGV[3]), 36

local function note(ties, received, ids)
    for at = 1, #ids, ID do
        local noted = redis.pcall('ZADD', ties, 'GT', received, string.sub(ids, at, at + ID - 1))
        if type(noted) == 'table' then -- somebody's mistake: it costs the count
            redis.call('DEL', ties)
        end
    end
    redis.call('ZREMRANGEBYSCORE', ties, '-inf', '(' .. string.format('%d', received - window))
    redis.call('PEXPIRE', ties, window)
    return redis.call('ZCARD', ties)
end

-- One that is demoted, nobody's or no string is not counted.
local function count(claim, ties, received, ids)
    local owner = redis.pcall('GET', claim)
    if type(owner) ~= 'string' or #owner ~= ID then
        return 0
    end
    local many = note(ties, received, ids)
    if many <= most then
        return 0
    end
    redis.call('SET', claim, owner .. ' shared')
    redis.call('DEL', ties)
    return many
end

local answers = {}
for i = 2, #KEYS, 2 do
    answers[#answers + 1] = count(KEYS[i], KEYS[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3])
end
return answers
