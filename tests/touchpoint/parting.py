"""Who was split from whom, and so must not become one again: by the ids of customers, however they were merged since.
docs/identity.md says what a split does, tests/model/identity.py how."""


def chain(into, id):
    """From a customer up to the root. `into`: of each member, whom it was merged into."""
    found = [id]
    while found[-1] in into:
        found.append(into[found[-1]])
    return found


def below(into, id):
    """It and all that came with it."""
    return {one for one in [id, *into] if id in chain(into, one)}


class Partings(list):
    """Of each split its two sides: who keeps a note of it, and who was below each of these when it got that. One of an
    identifier that was taken back is of the new customer who got it, and of whose it was."""

    def __init__(self):
        super().__init__()
        self._taken = []  # of those of an identifier: that, and the sides

    def add_taken(self, into, name, holder, new):
        """The new one is kept apart as well from whom the identifier was taken from before."""
        for taken, (side, _) in self._taken:
            if taken == name and holder in side:
                side[new] = {new}
        sides = {new: {new}}, {id: below(into, id) for id in chain(into, holder)}
        self._taken.append((name, sides))
        self.append(sides)

    def add(self, into, member):
        above, gone = chain(into, member)[1:], below(into, member)
        for sides in self:
            self._inherit(sides, above, member, gone)
        self.append(({member: gone}, {id: below(into, id) - gone for id in above}))

    def _inherit(self, sides, above, member, gone):
        """The notes that those above it got while it was below them."""
        if any(member in side for side in sides):
            return
        for side in sides:
            if any(member in side.get(id, ()) for id in above):
                side[member] = gone

    @property
    def ids(self):
        return {id for sides in self for side in sides for id in side}

    def speak_against(self, ids, others):
        return any(ids & one.keys() and others & other.keys() for sides in self for one, other in (sides, sides[::-1]))
