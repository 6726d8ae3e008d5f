#!lua
-- What one customer remembers goes to another, as they are made one or two. To be included behind customer.lua.

local function number_of(c, id)
    local all = graph(c, 'owners') or ''
    local from = find(all, id, 1, true)
    if not from then
        call('HSET', c.graph, 'owners', all .. id)
    end
    return ((from or #all + 1) - 1) / ID + 1
end

-- Whose an entry is, as `c` numbers owners: by the number that it has with `giver`, whose owners are these.
local function new_owner(c, giver, owners, numbers, number)
    if not numbers[number] then
        local id = number == 0 and giver or sub(owners, (number - 1) * ID + 1, number * ID)
        numbers[number] = id == sub(c.key, -ID) and OWN or pack('>I2', number_of(c, id))
    end
    return numbers[number]
end

-- In order of time, since in which they came is not known of two; and none twice.
local function take_recents(c, giver, owners, recents)
    local own, numbers, merged, prints = call('GETRANGE', c.recents, 0, -1), {}, {}, {}
    local own_at, at = 1, 1
    local function take(mark)
        merged[#merged + 1] = mark
        prints[#prints + 1] = sub(mark, 1, PRINT)
    end
    while own_at <= #own or at <= #recents do
        if at > #recents or (own_at <= #own and unpack('>I6', own, own_at + 30) <= unpack('>I6', recents, at + 30)) then
            take(sub(own, own_at, own_at + RECENT - 1))
            own_at = own_at + RECENT
        else
            local mark = sub(recents, at, at + RECENT - 1)
            if not is_deferred(mark) then
                local owner = unpack('>I2', mark, RECENT - 1)
                mark = sub(mark, 1, RECENT - 2) .. new_owner(c, giver, owners, numbers, owner)
            end
            at = at + RECENT
            if not recent(c, sub(mark, 1, 30)) then
                take(mark)
            end
        end
    end
    c.prints = table.concat(prints)
    call('SET', c.recents, table.concat(merged))
end

local released
local function released_by(owner)
    if not released then
        released = {}
        local flat = pcall_('HGETALL', KEYS[2])
        for i = 1, #flat, 2 do
            released[flat[i]] = tonumber(flat[i + 1])
        end
    end
    return released[owner] or 0
end
