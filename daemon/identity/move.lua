#!lua
-- An identifier is taken back, step 3 of 3, at its key: it becomes another's; one that is demoted stays so. KEYS: home, the identifier. ARGV: repair number,
-- 'open' or 'closed', whose it was ('': whosever it is, it is only asked), whose it becomes.
-- Answers whose it is now, '' when nobody's; false when its key holds something else.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], ARGV[2])
if refused then
    return refused
end
local owner = redis.pcall('GET', KEYS[2])
if type(owner) == 'table' then
    return false
end
local mark
owner, mark = string.match(owner or '', '^(%S*)(.*)$')
if ARGV[3] ~= '' and (owner == '' or owner == ARGV[3]) then
    redis.call('SET', KEYS[2], ARGV[4] .. mark)
    owner = ARGV[4]
end
return owner
