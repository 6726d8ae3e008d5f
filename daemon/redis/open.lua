#!lua
-- Opens one lane or bucket: one that was closed under this repair on this server, or, under number 0, a new one. KEYS:
-- home and, of a lane, released. ARGV: repair number, count of its kind. Answers as look.lua does.
-- include: home.lua
local repair, count = ARGV[1], ARGV[2]
local state, here = home_state(repair), server()
local home = 'open ' .. here .. ' ' .. repair .. ' ' .. count
if state == 'closed' or (state == 'absent' and repair == '0') then
    redis.call('SET', KEYS[1], home)
elseif state ~= 'open' then
    return redis.error_reply('TPHOME ' .. state)
end
return { home, here, false }
