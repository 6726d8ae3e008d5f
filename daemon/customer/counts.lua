#!lua
-- Counts of the state that are taken back. To be included behind customer.lua.

-- `name` with its LF and TAB.
local function without_nothing(text, name)
    local from, to = find(text .. '\n', name .. '0\n', 1, true)
    return from and sub(text, 1, from - 1) .. sub(text, to) or text
end

-- Numbers are counts.
local function subtract(c, state)
    for name, value in string.gmatch(state, '(\n[^\t\n]*\t)([^\n]*)') do
        if tonumber(value) and find(c.state, name, 1, true) then
            local less = change(c.state, 'a', name, string.format('%.17g', -tonumber(value)))
            c.state = without_nothing(less, name)
        end
    end
end
