#!lua
-- What Kafka tells of a customer as a whole, put back by a repair behind its entries, and before merges are made: identifiers
-- and traits that no interaction has brought, or that one has named again. What is there stays, and of a trait the newer. KEYS: as customer.lua has them, of
-- one. ARGV: repair number, 'closed', identifiers, origins and >I6 since when, as customer.lua has them, and traits of its own.
-- Answers 1 when something was lacking, else 0.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], ARGV[2])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, math.huge, 0
-- include: customer.lua
-- include: traits.lua

-- In the order in which Kafka tells them; those that it does not tell come behind.
local function put_back_identifiers(c)
    local all = { n_seen = 0, seen = '', identifiers = '\n', origins = '', untold = 0 }
    local function add(line, origin, seen)
        if not find(all.identifiers, '\n' .. line .. '\n', 1, true) then
            attach(all, line, origin, seen)
            all.untold = all.untold + (unpack('>I6', seen) >= UNTOLD and 1 or 0)
        end
    end
    each_identifier(ARGV[3], ARGV[4], ARGV[5], add)
    each_identifier(c.identifiers, c.origins, c.seen, add)
    for name, value in pairs(all) do
        c.touched = c.touched or c[name] ~= value
        c[name] = value
    end
end

local function put_back_traits(c)
    local before = traits(c)
    each_trait(ARGV[6], function(_, name, time, _, json)
        say(c, name .. '\t' .. json .. '\n', time)
    end)
    c.touched = c.touched or traits(c) ~= before
end

local c = customers[1]
if not is_sound(c) then
    return 0
end
put_back_identifiers(c)
put_back_traits(c)
local lacked = c.touched and 1 or 0
save_all()
return lacked
