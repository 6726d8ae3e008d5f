#!lua
-- Notes of splits. To be included behind customer.lua.

local function id_of(c)
    return sub(c.key, -ID)
end

-- Of one split. `from`: whom the member had been merged into.
local function split_of(member, merge, from)
    return member .. '\t' .. merge .. '\t' .. from
end

local function has_note(c, split)
    return find(graph(c, 'notes') or '', id_of(c) .. '\t' .. split .. '\t', 1, true) ~= nil
end

local function add_note(c, split, side)
    if not has_note(c, split) then
        local note = string.format('%s\t%s\t%s\t%d\n', id_of(c), split, side, generation(c))
        call('HSET', c.graph, 'notes', (graph(c, 'notes') or '') .. note)
    end
end

-- Calls visit(holder, split, side, generation, line).
local function each_note(notes, visit)
    for line in string.gmatch(notes, '[^\n]+') do
        local holder, split, side, number = string.match(line, '(.-)\t(.*)\t(.*)\t(.*)')
        visit(holder, split, side, tonumber(number), line)
    end
end

-- Whether `c` has itself noted that this member was split from that one, whichever merge it was.
local function was_split(c, member, from)
    local found = false
    each_note(graph(c, 'notes') or '', function(holder, split)
        found = found or (holder == id_of(c) and sub(split, 1, ID) == member and sub(split, -ID) == from)
    end)
    return found
end
