#!lua
-- Lists identifiers with customers, so that it is decided here whose they may be, before anybody claims them. KEYS: as
-- customer.lua has them. ARGV: repair number; then five words each: >I2 its customer; generation; how many identifiers it
-- must have; >I6 when the event was received; "ORIGIN LF" and "TYPE TAB VALUE LF" of each.
-- Answers, for each: 1; 0 when the customer is not so any more; false when its keys are not what is said there.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, math.huge, 0
-- include: customer.lua

local function list(c, at)
    if c.role == MEMBER or generation(c) ~= tonumber(ARGV[at + 1]) or c.n_seen ~= tonumber(ARGV[at + 2]) then
        return 0
    end
    local seen = pack('>I6', UNTOLD + unpack('>I6', ARGV[at + 3]))
    local before = c.n_seen
    local word = ARGV[at + 4]
    local from = find(word, '\n', 1, true)
    for line in string.gmatch(sub(word, from + 1), '([^\n]+)\n') do
        attach(c, line, sub(word, 1, from - 1), seen)
    end
    c.untold = c.untold + c.n_seen - before
    c.touched = true
    return 1
end

local answers = {}
for at = 2, #ARGV, 5 do
    local c = customers[unpack('>I2', ARGV[at])]
    answers[#answers + 1] = not c.broken and list(c, at)
end
save_all()
return answers
