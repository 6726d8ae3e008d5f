#!lua
-- Opens one lane or bucket on this server. KEYS: home. ARGV: repair number, count of its kind. Answers how it was found.
-- include: home.lua
local repair, count = ARGV[1], ARGV[2]
local home = redis.pcall('GET', KEYS[1])
local found = 'absent'
if type(home) == 'string' then
    local where, laid_out = string.match(home, '^%a+ (%x+) %d+ (%d+)$')
    if laid_out ~= count then
        return redis.error_reply('TPHOME layout ' .. tostring(laid_out))
    end
    found = home_refuses(repair) and 'elsewhere' or 'open'
end
if found ~= 'open' then
    redis.call('SET', KEYS[1], 'open ' .. server() .. ' ' .. repair .. ' ' .. count)
end
return found
