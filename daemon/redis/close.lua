#!lua
-- Closes one lane or bucket for a repair. KEYS: home and, of a lane, released. ARGV: repair number, count of its kind,
-- 'since'; 'all' when what is there is to be taken out anyway; 'beat' to say of what is closed already how far the repair
-- has come; and how far that is. Answers as look.lua does.
-- A repair may close again what it closed. What a newer one closed is not this one's, nor what it has opened already.
-- include: home.lua
local repair, count, kind, beat = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local refused = kind == 'beat' and home_refuses(repair, 'closed')
if refused then
    return refused
end
local home, here, origin = redis.pcall('GET', KEYS[1]), server(), '-'
if type(home) == 'string' then
    local state, where, number, before = string.match(home, '^(%a+) (%x+) (%d+) %d+ ?(%S*)')
    number = tonumber(number) or 0
    if number > tonumber(repair) or (number == tonumber(repair) and state ~= 'closed') then
        return redis.error_reply('TPHOME other')
    end
    if state == 'closed' then
        origin = before
    elseif where and where ~= here then
        origin = where
    end
end
if kind == 'all' then
    origin = '-'
end
home = 'closed ' .. here .. ' ' .. repair .. ' ' .. count .. ' ' .. origin .. ' ' .. beat
redis.call('SET', KEYS[1], home)
return { home, here, KEYS[2] and redis.pcall('HGET', KEYS[2], 'time') or false }
