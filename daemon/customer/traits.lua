#!lua
-- What is said of a customer. To be included behind customer.lua.

-- Calls visit(line, name, time, holder, json).
local function each_trait(lines, visit)
    for line, name, time, holder, json in string.gmatch(lines, '(([^\t\n]*)\t(%d+)\t([^\t\n]*)\t([^\n]*)\n)') do
        visit(line, name, tonumber(time), holder, json)
    end
end

local function keep_traits(c, lines)
    c.traits = table.concat(lines)
    set_graph(c, 'traits', c.traits)
end

-- Of one name and holder that with the newest time stays; of one time, that which came last. What a member was told
-- already, before it was one, is not said once more.
local function say(c, said, time)
    local lines, own, known, size = {}, {}, {}, #traits(c)
    each_trait(traits(c), function(line, name, at, holder, json)
        lines[#lines + 1] = line
        if holder == id_of(c) then
            own[name] = { place = #lines, time = at }
        elseif at == time then
            known[name .. '\t' .. json] = true
        end
    end)
    for name, json in string.gmatch(said, '([^\t\n]*)\t([^\n]*)\n') do
        local line, before = string.format('%s\t%d\t%s\t%s\n', name, time, id_of(c), json), own[name]
        local more = #line - (before and #lines[before.place] or 0)
        local counts = not known[name .. '\t' .. json] and (not before or before.time <= time)
        if counts and size + more <= MOST_TRAITS then
            if before then
                lines[before.place] = ''
            end
            lines[#lines + 1] = line
            size = size + more
        end
    end
    keep_traits(c, lines)
end

-- Those of who is merged into it, as far as there is room.
local function take_traits(c, said)
    local lines, size = { traits(c) }, #traits(c)
    each_trait(said, function(line)
        if size + #line <= MOST_TRAITS then
            lines[#lines + 1] = line
            size = size + #line
        end
    end)
    keep_traits(c, lines)
end

-- Those of these ids.
local function give_up_traits(c, ids)
    local kept = {}
    each_trait(traits(c), function(line, _, _, holder)
        kept[#kept + 1] = not find(ids, holder, 1, true) and line or nil
    end)
    keep_traits(c, kept)
end
