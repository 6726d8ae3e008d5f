#!lua
-- Lists identifiers with customers, so that it is decided here whose they may be, before anybody claims them; and
-- takes back what somebody else was quicker to claim. KEYS: as customer.lua has them. ARGV: repair number; then six words
-- each: >I2 its customer; generation, '' for any; how many identifiers it must have; >I6 when the event was received;
-- "ORIGIN LF" and "TYPE TAB VALUE LF" of each; "CLAIMANT TAB TYPE TAB VALUE LF" of each that is taken back.
-- Answers, for each: 1; 0 when the customer is not so any more, or the claimant is one of its own; false when its keys are
-- not what is said there.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, math.huge, 0
-- include: customer.lua
-- include: lines.lua

local function is_as_looked_at(c, at)
    local is_it = ARGV[at + 1] == '' or (generation(c) == tonumber(ARGV[at + 1]) and c.n_seen == tonumber(ARGV[at + 2]))
    return c.role ~= MEMBER and is_it
end

local function list(c, at)
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

-- A generation of its own, since what was refused by what it listed may not be asked again within one.
local function take_back(c, lost)
    local lines = '\n'
    for claimant, line in string.gmatch(lost, '([^\t\n]*)\t([^\n]+)\n') do
        if claimant == id_of(c) or graph(c, 'row ' .. claimant) then
            return 0
        end
        lines = lines .. line .. '\n'
    end
    take_lines_out(c, lines)
    c.role, c.touched = ROOT, true
    call('HINCRBY', c.graph, 'generation', 1)
    return 1
end

local function change_lines(c, at)
    if not is_as_looked_at(c, at) then
        return 0
    end
    return ARGV[at + 5] == '' and list(c, at) or take_back(c, ARGV[at + 5])
end

local answers = {}
for at = 2, #ARGV, 6 do
    local c = customers[unpack('>I2', ARGV[at])]
    local is_sound_enough = ARGV[at + 5] == '' and not c.broken or is_sound(c)
    answers[#answers + 1] = is_sound_enough and change_lines(c, at)
end
save_all()
return answers
