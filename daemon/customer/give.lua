#!lua
-- An identifier is taken back, step 2 of 3, at the customer that gets it: it lists it, remembers what the root remembers, and
-- has the note, and those from when the identifier was taken from another before. KEYS: as customer.lua has them, of one.
-- ARGV: repair number, 'open' or 'closed', most recents, "TYPE:VALUE", the root, its owners and recents, these notes, and why:
-- "MS TAB ORIGIN". Answers 1, or 0 when there is nothing to do any more.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], ARGV[2])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, tonumber(ARGV[3]), 0
-- include: customer.lua
-- include: recents.lua
-- include: notes.lua

local identifier, notes = ARGV[4], ARGV[8]
local received, origin = string.match(ARGV[9], '^(%d+)\t(.+)$')

-- It is the first that it has, also where a repair has put back what came later.
local function list(c)
    local type, value = string.match(identifier, '^([^:]*):(.*)$')
    local own, first = type .. '\t' .. value, { n_seen = 0, seen = '', identifiers = '\n', origins = '' }
    if not origin then
        return
    end
    attach(first, own, origin, pack('>I6', tonumber(received)))
    each_identifier(c.identifiers, c.origins, c.seen, function(line, from, seen)
        if line ~= own then
            attach(first, line, from, seen)
        end
    end)
    for name, text in pairs(first) do
        c[name] = text
    end
end

local c = customers[1]
if not is_sound(c) or c.role == MEMBER then
    return 0
end
c.role = ROOT
if not has_note(c, id_of(c), identifier) then
    list(c)
    add_note(c, id_of(c), identifier, 'm')
end
for member, merge, side in string.gmatch(notes, '([^\t\n]*)\t([^\t\n]*)\t([^\t\n]*)\n') do
    add_note(c, member, merge, side)
end
take_recents(c, ARGV[5], ARGV[6], ARGV[7])
c.touched = true
save_all(nil, released_by)
return 1
