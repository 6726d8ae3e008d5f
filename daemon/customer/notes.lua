#!lua
-- Notes of splits. To be included behind customer.lua.

-- "MEMBER TAB MERGE TAB": of one split.
local function split_of(member, merge)
    return member .. '\t' .. merge .. '\t'
end

local function has_note(c, member, merge)
    return find(graph(c, 'notes') or '', id_of(c) .. '\t' .. split_of(member, merge), 1, true) ~= nil
end

local function add_note(c, member, merge, side)
    if not has_note(c, member, merge) then
        local note = string.format('%s\t%s%s\t%d\n', id_of(c), split_of(member, merge), side, generation(c))
        call('HSET', c.graph, 'notes', (graph(c, 'notes') or '') .. note)
    end
end

-- Calls visit(holder, member, merge, side, generation, line).
local function each_note(notes, visit)
    for line in string.gmatch(notes, '[^\n]+') do
        local holder, member, merge, side, number = string.match(line, '(.*)\t(.*)\t(.*)\t(.*)\t(.*)')
        visit(holder, member, merge, side, tonumber(number), line)
    end
end
