#!lua
-- A split, step 2 of 3, at each whom the member was below, from the one that it was merged into up to the root: it gives up
-- what it has of the member and of those that came with it, and gets the other side of the note. KEYS: as customer.lua has
-- them, of one. ARGV: repair number, 'open' or 'closed', the member; then, as leave.lua answers them, the merge, the
-- generation of this one when the one below it was merged into it, and what is to be given up.
-- Or an identifier is taken back, step 1 of 3: at who has claimed it, and then at each above: the member is the customer that
-- gets it, the merge is "TYPE:VALUE", and of what is to be given up there are identifiers alone; in place of members is who has
-- claimed it ('': not asked for); a tenth word, at the first of them, tells why ("MS TAB ORIGIN"; '': as was told before).
-- Its sequence does not go back, and it remembers what it did.
-- Answers 'broken'; 'pending' when it is to be ended first that this one leads elsewhere; 'apart' when who has claimed it was
-- split from this one meanwhile; else 'root', or 'member' and then goes on with that one: whom it leads to, generation of that
-- one, notes that the one below is to have ("MEMBER TAB MERGE TAB SIDE LF" each), owners and recents, and why.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], ARGV[2])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, math.huge, 0
-- include: customer.lua
-- include: lines.lua
-- include: notes.lua
-- include: counts.lua
-- include: traits.lua
-- include: versions.lua

local member, merge, since = ARGV[3], ARGV[4], tonumber(ARGV[5])
local members, identifiers, state, last, why = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local is_identifier, claimant = find(merge, ':', 1, true), ''
if is_identifier then
    claimant, members = members, ''
end

-- An identifier may have come again behind the note of it, with one who was merged into this one.
local function is_listed(c)
    if is_identifier then
        return find(c.identifiers, identifiers, 1, true)
    end
    local row = graph(c, 'row ' .. member) or ''
    return string.match(row, '^[^\t]*\t([^\t]*)') == merge
end

local function give_up_members(c)
    local all, left, spans, SPAN = member .. members, graph(c, 'members') or '', graph(c, 'spans') or '', 12
    for id in string.gmatch(all, string.rep('.', ID)) do
        local from, to = find(left, id, 1, true)
        if from then
            local before = (from - 1) / ID * SPAN
            left = sub(left, 1, from - 1) .. sub(left, to + 1)
            spans = sub(spans, 1, before) .. sub(spans, before + SPAN + 1)
        end
        call('HDEL', c.graph, 'row ' .. id)
    end
    set_graph(c, 'members', left)
    set_graph(c, 'spans', spans)
    take_out(c, 'untold', all)
    return all
end

local function give_up_notes(c, all)
    local kept = {}
    each_note(graph(c, 'notes') or '', function(holder, _, _, _, _, line)
        kept[#kept + 1] = not find(all, holder, 1, true) and line .. '\n' or nil
    end)
    set_graph(c, 'notes', table.concat(kept))
end

local function give_up_state(c)
    subtract(c, state)
    if c.last == last then
        c.last = graph(c, 'last ' .. member) or last
    end
    call('HDEL', c.graph, 'last ' .. member)
end

local function give_up(c)
    local all = give_up_members(c)
    give_up_notes(c, all)
    give_up_traits(c, all)
    give_up_versions(c, all)
    take_lines_out(c, identifiers)
    give_up_state(c)
    c.touched = true
end

-- Its own: those that are younger than what the one below knew of; and of an identifier, from whom it was taken before.
local function notes_for_member(c)
    local found = {}
    each_note(graph(c, 'notes') or '', function(holder, of, number, side, age)
        local concerns = age > since
        if is_identifier then
            concerns = number == merge and side == 'm'
        end
        if holder == id_of(c) and concerns then
            found[#found + 1] = split_of(of, number) .. side .. '\n'
        end
    end)
    return table.concat(found)
end

local function is_half_way(c)
    local phase = graph(c, 'phase')
    return phase == 'pending' or (phase == 'leaving' and is_identifier)
end

-- Who finishes it finds there why.
local function note_why(c)
    if why and why ~= '' then
        call('HSETNX', c.graph, 'why ' .. member, why)
    end
end

-- Its way up is another one by now.
local function is_apart(c)
    return claimant ~= '' and claimant ~= id_of(c) and not graph(c, 'row ' .. claimant)
end

local s = customers[1]
if not is_sound(s) then
    return { 'broken' }
elseif ARGV[2] == 'open' and is_half_way(s) then
    return { 'pending' }
elseif is_apart(s) then
    return { 'apart' }
end
local listed = is_listed(s)
if listed or not has_note(s, member, merge) then
    if s.role == ALONE then
        s.role, s.touched = ROOT, true
    end
    call('HINCRBY', s.graph, 'generation', 1)
    if listed or is_identifier then
        give_up(s)
    end
    note_why(s)
    add_note(s, member, merge, 's')
end
save_all()
local at = string.match(graph(s, 'at') or '', '^%d+') or '0'
return { s.role == MEMBER and 'member' or 'root', s.role == MEMBER and graph(s, 'to') or '', at, notes_for_member(s),
         graph(s, 'owners') or '', call('GETRANGE', s.recents, 0, -1), is_identifier and graph(s, 'why ' .. member) or '' }
