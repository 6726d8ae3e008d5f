#!lua
-- What resolution has to know of customers. KEYS: as customer.lua has them. ARGV: repair number, the minute; then two words
-- each: >I2 the customer, and the id of whom it may have as a member, or ''.
-- Answers, for each: false when its keys are not what is said there; else 'root', 'member', 'pending' or 'leaving', whom it
-- leads to, generation, how many identifiers, these, how many were merged into it in this minute, 1 when it has that
-- member, and notes.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, math.huge, 0
-- include: customer.lua

local function standing(c)
    return c.role ~= MEMBER and 'root' or graph(c, 'phase') or 'member'
end

local function merges(c)
    return graph(c, 'minute') == ARGV[2] and tonumber(graph(c, 'merges')) or 0
end

local answers = {}
for at = 3, #ARGV, 2 do
    local c, member = customers[unpack('>I2', ARGV[at])], ARGV[at + 1]
    local has = member ~= '' and graph(c, 'row ' .. member) and 1 or 0
    answers[#answers + 1] = is_sound(c)
        and { standing(c), graph(c, 'to') or '', generation(c), c.n_seen, c.identifiers, merges(c), has,
            graph(c, 'notes') or '' }
end
return answers
