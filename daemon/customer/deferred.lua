#!lua
-- Whose an event is, remembered where it is not appended. To be included in append.lua, behind what it tells
-- of what it knows.
--
-- The customer of a demoted value would have had the event before the demotion, and may have it by a node that does not
-- know of it. So that one is asked first, before the event is appended elsewhere, and decides once: it has the entry, or
-- it names the customer at whose root the event has its place, to all who ask, whatever they were resolved to. So it is
-- the first claim that counts, as that of an identifier; from there on a merge and a split hand it on as other recents.
local DEFER = 2 ^ 31

local function bytes_of(id)
    return (string.gsub(string.gsub(id, '-', ''), '%x%x', function(digits)
        return string.char(tonumber(digits, 16))
    end))
end

local function deferred_to(mark)
    local digits = string.gsub(sub(mark, 31, 38) .. sub(mark, 9, 16), '.', function(byte)
        return string.format('%02x', string.byte(byte))
    end)
    return table.concat({ sub(digits, 1, 8), sub(digits, 9, 12), sub(digits, 13, 16), sub(digits, 17, 20), sub(digits, 21) }, '-')
end

local function lists(c, id)
    return id == id_of(c) or find(graph(c, 'members') or '', id, 1, true) ~= nil
end

local function defer(c, mark, id)
    local bytes, record = bytes_of(id), pack('>I6', DEFERRED + unpack('>I6', mark, 25))
    remember(c, sub(mark, 1, 8) .. sub(bytes, 9, 16) .. sub(mark, 17, 24) .. record .. sub(bytes, 1, 8))
    return 'f' .. id
end

local function answer_deferred(c, known, mark, bound)
    local replayed = sub(known, 17, 24) == sub(mark, 17, 24)
        and unpack('>I6', known, 25) % DEFERRED == unpack('>I6', mark, 25)
    if not replayed and c.role ~= MEMBER then
        remember_repeated(c, known, mark)
    elseif not replayed and bound ~= KNOWN_ONLY then
        return 'm'
    end
    return 'f' .. deferred_to(known)
end
