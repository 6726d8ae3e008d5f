"""How well events were joined, against the truth of a population.

Pairwise (Rand 1971; counted from the contingency table as Hubert and Arabie 1985 do): of all pairs of elements that are
joined, how many are one person's; of all pairs that are one person's, how many are joined. With n(c,p) elements of
person p in cluster c, n(c) in the cluster, n(p) of the person, and C(n) = n(n-1)/2:

    precision = sum C(n(c,p)) / sum C(n(c))        recall = sum C(n(c,p)) / sum C(n(p))

B-cubed (Bagga and Baldwin 1998): the average over the elements of how much of its cluster is of its person, and of how
much of its person is in its cluster. One large cluster weighs by its size there, not by the square of it:

    precision = sum n(c,p)^2 / n(c) / n            recall = sum n(c,p)^2 / n(p) / n

Both take linear time. An element of cluster None is joined with nobody."""

from collections import Counter
from typing import NamedTuple

from touchpoint.population import identifiers, owners


class Score(NamedTuple):
    precision: float
    recall: float
    cubed_precision: float
    cubed_recall: float


class Verdict(NamedTuple):
    events: Score
    """Of every event."""
    telling: Score
    """Of the events with an identifier that nobody else ever used: of the others nobody could know for certain."""
    identifiers: Score
    """Of the identifiers that one person alone used; such a one is where most of its events are."""
    wrongly: Counter
    """{cause: pairs of telling events that are joined though two people's}"""
    missed: Counter
    """{the types of an event: pairs of telling events, half of each pair, that are one person's and not joined}"""


def _pairs(numbers):
    return sum(number * (number - 1) // 2 for number in numbers)


def _share(part, whole):
    return part / whole if whole else 1.0


def _apart(clusters):
    """A cluster of its own for each None."""
    return [("apart", at) if cluster is None else cluster for at, cluster in enumerate(clusters)]


def score(clusters, truth):
    """Of elements: the cluster and the person of each, in the same order."""
    clusters = _apart(clusters)
    cells = Counter(zip(clusters, truth, strict=True))
    by_cluster, by_person = Counter(clusters), Counter(truth)
    right = _pairs(cells.values())
    return Score(
        _share(right, _pairs(by_cluster.values())),
        _share(right, _pairs(by_person.values())),
        _share(sum(many**2 / by_cluster[cluster] for (cluster, _), many in cells.items()), len(clusters)),
        _share(sum(many**2 / by_person[person] for (_, person), many in cells.items()), len(clusters)),
    )


class Judge:
    """Of one population's happenings; `telling` has the places of those events."""

    def __init__(self, happenings):
        self.happenings = happenings
        self.truth = [one.person for one in happenings]
        self.names = [identifiers(one.event) for one in happenings]
        self.own = {name: min(people) for name, people in owners(happenings).items() if len(people) == 1}
        self.telling = [at for at, names in enumerate(self.names) if any(name in self.own for name in names)]

    def verdict(self, clusters):
        """`clusters`: of each event, in the same order; None for one that is joined with nobody."""
        clusters = _apart(clusters)
        where, truth = ([values[at] for at in self.telling] for values in (clusters, self.truth))
        cells = Counter(zip(where, truth, strict=True))
        return Verdict(
            score(clusters, self.truth),
            score(where, truth),
            self._score_identifiers(clusters),
            _wrongly(cells, self._reasons(clusters)),
            self._missed(clusters, cells),
        )

    def _score_identifiers(self, clusters):
        """Ties go to the first cluster."""
        places = {name: Counter() for name in self.own}
        for names, cluster in zip(self.names, clusters, strict=True):
            for name in names:
                if name in places:
                    places[name][cluster] += 1
        return score([place.most_common(1)[0][0] for place in places.values()], list(self.own.values()))

    def _reasons(self, clusters):
        """{cluster: the commonest cause of those of its events that name what several people of the cluster used}"""
        users, causes = {}, {}
        for names, cluster, person in zip(self.names, clusters, self.truth, strict=True):
            for name in names:
                if name not in self.own:
                    users.setdefault((cluster, name), set()).add(person)
        for names, cluster, one in zip(self.names, clusters, self.happenings, strict=True):
            if one.causes and any(len(users.get((cluster, name), ())) > 1 for name in names):
                causes.setdefault(cluster, Counter()).update(one.causes)
        return {cluster: found.most_common(1)[0][0] for cluster, found in causes.items()}

    def _missed(self, clusters, cells):
        by_person = Counter(self.truth[at] for at in self.telling)
        found = Counter()
        for at in self.telling:
            kinds, person = " ".join(kind for kind, _ in self.names[at]), self.truth[at]
            found[kinds] += (by_person[person] - cells[clusters[at], person]) / 2
        return +found


def _wrongly(cells, reasons):
    """All of a cluster's go to one cause; none is known where its people have no value in common."""
    sizes, found = Counter(), Counter()
    for (cluster, _), many in cells.items():
        sizes[cluster] += many
        found[reasons.get(cluster, "unknown")] -= _pairs([many])
    for cluster, many in sizes.items():
        found[reasons.get(cluster, "unknown")] += _pairs([many])
    return +found
