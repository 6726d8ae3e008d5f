"""A model of the shortcut of a repair: when one Redis server comes back with an earlier moment of its state, only what
it lacks is put back, from a stretch of Kafka's end, instead of everything.

    shortcut.py [RUNS [MODE [FIRST_SEED]]]

Without MODE, the rules as they are, which must hold in every run; MODES has rules left out, each of which must break
some.

One to three nodes, each with a journal, and clocks that differ by up to twice SKEW. Two lanes and two buckets on one
server. Each `yield` ends one call of a script, or one step of a node's own. A node is killed anywhere and comes back.
The server falls back to any of its last moments, as a failover or an older dump does, also in the middle of a repair.

- home: every lane and bucket holds open or closed, the repair number, and on which server it was opened. Each call
  compares it.
- answer: a node that hears of a repair drops what it is resolving, and produces what was answered before it says so.
  One that stays silent is fenced: what it was producing is aborted, and it begins anew.
- shortcut: only where all homes are open, opened on one and the same other server, and under the last number that was
  called: an older state may have what a repair has taken out since, and its node has delivered anew. What was produced
  before the latest time that the state itself knows, less WINDOW, is in it; what came later is put back where it is not
  there.
- all: everything is taken out, and put back from Kafka's beginning.

Not here, but in the model of delivery: merges, retries of clients, what is forgotten and trimmed, calls that land late.
"""

import copy
import random
import sys

MODES = {
    "good": "the rules as they are",
    "noflush": "a node answers before it has produced what was answered to it",
    "now": "the stretch begins WINDOW before now, not before the state's own time",
    "apart": "lanes and buckets fall back to moments of their own, and the shortcut is taken all the same",
    "closed": "the shortcut is taken from a state that was being repaired",
    "older": "the shortcut is taken from a state of before the last repair",
    "narrow": "the stretch begins at the state's own time, though clocks differ",
    "claims": "identifiers are not put back",
}
SKEW, WINDOW = 20, 40
SHARDS = ("L0", "L1", "I0", "I1")


class Refused(Exception):
    """By a home: "lost", or "wait" for a repair to end."""


class Redis:
    def __init__(self):
        self.server = 0
        self.shards = {name: self.empty(("open", 0, 0)) for name in SHARDS}
        self.past = [copy.deepcopy(self.shards)]

    @staticmethod
    def empty(home):
        return {"home": home, "claims": {}, "lines": {}, "time": 0}

    def lane(self, customer):
        return self.shards[f"L{customer % 2}"]

    def bucket(self, identifier):
        return self.shards[f"I{identifier % 2}"]

    def remember(self, rnd):
        if rnd.random() < 0.4:
            self.past = [*self.past[-40:], copy.deepcopy(self.shards)]

    def fall_back(self, rnd, apart):
        """To one of the newest mostly; also to one that it had fallen behind before, as an older dump has."""
        self.server += 1
        oldest = max(0, len(self.past) - rnd.choice([2, 5, 50]))
        moments = {name: rnd.randrange(oldest, len(self.past)) for name in SHARDS}
        if not apart:
            moments = dict.fromkeys(SHARDS, moments["L0"])
        self.shards = {name: copy.deepcopy(self.past[moment][name]) for name, moment in moments.items()}


class Node:
    def __init__(self, number, skew):
        self.number, self.skew = number, skew
        self.journal = []  # (event, identifiers)
        self.begin(set(), -1)

    def begin(self, position, repair):
        """With what is on disk and in Kafka; all else went with the process."""
        self.up, self.fenced = True, False
        self.done, self.repair = set(position), repair
        self.ready, self.jobs, self.transaction = [], {}, None


class World:
    def __init__(self, seed, mode):
        self.rnd, self.mode = random.Random(seed), mode
        self.now, self.customers = 0, 0
        self.redis, self.kafka = Redis(), []
        self.nodes = [Node(i, self.rnd.randint(-SKEW, SKEW)) for i in range(self.rnd.randint(1, 3))]
        self.positions = {node.number: set() for node in self.nodes}
        self.number = self.finished = 0
        self.repairing = self.repairer = None
        self.answered = set()
        self.kinds = {"shortcut": 0, "all": 0}

    def clock(self, node):
        return self.now + node.skew

    def call(self, repair, shard, state="open"):
        """What each script compares before it does anything."""
        home = shard["home"]
        if home[2] != self.redis.server:
            raise Refused("lost")
        if home[:2] != (state, repair):
            raise Refused("wait" if state == "open" else "lost")
        self.redis.remember(self.rnd)


# --- a record's way


def deliver(world, node, record):
    """Resolves and appends it, as that which the node knows now; the answer is what is produced."""
    event, identifiers = node.journal[record]
    repair, redis = node.repair, world.redis
    owners = {}
    for identifier in identifiers:
        world.call(repair, redis.bucket(identifier))
        owners[identifier] = redis.bucket(identifier)["claims"].get(identifier)
        yield
    known = [owner for owner in owners.values() if owner is not None]
    world.customers += 1
    chosen = known[0] if known else world.customers
    for identifier in identifiers:
        world.call(repair, redis.bucket(identifier))
        owners[identifier] = redis.bucket(identifier)["claims"].setdefault(identifier, chosen)
        yield
    customer = owners[identifiers[0]]
    lane = redis.lane(customer)
    world.call(repair, lane)
    lane["time"] = max(lane["time"], world.clock(node))
    line = lane["lines"].setdefault(customer, {})
    for sequence, (other, by) in line.items():
        if other == event:
            assert by == (node.number, record)
            return customer, sequence, event, by, identifiers, owners
    sequence = max(line, default=0) + 1
    line[sequence] = event, (node.number, record)
    return customer, sequence, event, (node.number, record), identifiers, owners


def produce(world, node):
    """A transaction of what was answered first, and the position with it."""
    batch = node.ready[: world.rnd.randint(1, 4)]
    stamped = [(world.clock(node), answer) for _, answer in batch]
    yield
    world.kafka += stamped
    node.done |= {record for record, _ in batch}
    node.ready = node.ready[len(batch) :]
    world.positions[node.number] = set(node.done)


def step(world, node):
    rnd = world.rnd
    if node.fenced:
        node.begin(world.positions[node.number], -1)
    elif node.transaction:
        if rnd.random() < 0.5 and next(node.transaction, "end") == "end":
            node.transaction = None
    elif node.ready and rnd.random() < 0.3:
        node.transaction = produce(world, node)
    elif node.repair != world.number:
        hear_of_repair(world, node)
    else:
        resolve(world, node)


def hear_of_repair(world, node):
    node.jobs = {}
    if world.mode == "noflush" or not node.ready:
        node.repair = world.number
        world.answered.add((world.number, node.number))


def resolve(world, node):
    held = {record for record, _ in node.ready} | set(node.jobs) | node.done
    waiting = [record for record in range(len(node.journal)) if record not in held]
    if waiting and len(node.jobs) < 3:
        node.jobs[waiting[0]] = deliver(world, node, waiting[0])
    try:
        if not node.jobs:
            world.call(node.repair, world.redis.shards[world.rnd.choice(SHARDS)])  # it looks now and then
            return
        record = world.rnd.choice(sorted(node.jobs))
        try:
            next(node.jobs[record])
        except StopIteration as end:
            del node.jobs[record]
            node.ready.append((record, end.value))
    except Refused as why:
        node.jobs = {}
        if str(why) == "lost" and not world.repairing:
            call_repair(world, node)


# --- a repair


def call_repair(world, node):
    short = may_be_short(world)
    world.kinds["shortcut" if short else "all"] += 1
    world.number += 1
    world.repairer = node
    world.repairing = repair(world, world.number, short)


def may_be_short(world):
    homes = [shard["home"] for shard in world.redis.shards.values()]
    states, numbers, servers = (set(values) for values in zip(*homes, strict=True))
    if world.mode == "apart":
        return True
    return (
        len(servers) == 1
        and (states == {"open"} or world.mode == "closed")
        and (numbers == {world.number} or world.mode == "older")
    )


def repair(world, number, short):
    redis = world.redis
    since = max(shard["time"] for shard in redis.shards.values()) - (WINDOW if world.mode != "narrow" else 0)
    for shard in redis.shards.values():
        shard["home"] = ("closed", number, redis.server)
        redis.remember(world.rnd)
        yield
    for node in world.nodes:
        while (number, node.number) not in world.answered:
            if world.rnd.random() < 0.05:  # silent for too long
                node.transaction, node.fenced = None, True
                world.answered.add((number, node.number))
            yield
    if world.mode == "now":
        since = world.now - WINDOW
    if not short:
        for name in SHARDS:
            world.call(number, redis.shards[name], "closed")
            redis.shards[name].update(Redis.empty(redis.shards[name]["home"]))
            yield
    for stamp, answer in list(world.kafka):
        if not short or stamp >= since:
            yield from put_back(world, number, answer)
    for shard in redis.shards.values():
        world.call(number, shard, "closed")
        shard["home"] = ("open", number, redis.server)
        yield
    world.finished = number


def put_back(world, number, answer):
    customer, sequence, event, by, identifiers, owners = answer
    redis = world.redis
    for identifier in identifiers if world.mode != "claims" else ():
        if owners[identifier] == customer:
            world.call(number, redis.bucket(identifier), "closed")
            redis.bucket(identifier)["claims"].setdefault(identifier, customer)
            if world.rnd.random() < 0.2:
                yield
    world.call(number, redis.lane(customer), "closed")
    redis.lane(customer)["lines"].setdefault(customer, {}).setdefault(sequence, (event, by))
    if world.rnd.random() < 0.2:
        yield


# --- a run


def arrivals(rnd):
    identifiers = rnd.randint(3, 6)
    return [(event, rnd.sample(range(identifiers), rnd.randint(1, 2))) for event in range(rnd.randint(6, 40))]


def trouble(world, node, lossy, deadly):
    """A loss, or a death."""
    rnd = world.rnd
    if rnd.random() < lossy:
        world.redis.fall_back(rnd, world.mode == "apart")
    if node.up and rnd.random() < deadly:
        node.up, node.jobs, node.ready, node.transaction = False, {}, [], None
        if world.repairer is node:
            world.repairing = world.repairer = None


def is_at_end(world):
    if world.repairing or world.finished != world.number:
        return False
    if not all(node.up and not node.fenced and len(node.done) == len(node.journal) for node in world.nodes):
        return False
    return all(shard["home"] == ("open", world.number, world.redis.server) for shard in world.redis.shards.values())


def run(seed, mode="good"):
    """What is wrong in the end, None when nothing is."""
    world = World(seed, mode)
    rnd = world.rnd
    queue = arrivals(rnd)
    events = dict(queue)
    until, lossy, deadly = rnd.choice([150, 400]), rnd.choice([0.004, 0.015, 0.03]), rnd.choice([0, 0.01])
    pace, flow = rnd.choice([0.15, 0.5]), rnd.choice([0.03, 0.1, 0.3])
    for world.now in range(20_000):
        node = rnd.choice(world.nodes)
        if world.now < until:
            trouble(world, node, lossy, deadly)
        if world.repairing and rnd.random() < pace:
            try:
                next(world.repairing)
            except (StopIteration, Refused):
                world.repairing = world.repairer = None
        elif not node.up:
            if rnd.random() < 0.1:
                node.begin(world.positions[node.number], -1)
        elif queue and rnd.random() < flow:
            node.journal.append(queue.pop(0))
        elif not world.repairing and world.finished != world.number and rnd.random() < 0.05:
            call_repair(world, node)  # that of one who died
        else:
            step(world, node)
        if not queue and world.now > until and is_at_end(world):
            return check(world, events), world.kinds
    return "it does not come to an end", world.kinds


def check(world, events):
    answers = [answer for _, answer in world.kafka]
    view = {
        (customer, sequence, event)
        for shard in world.redis.shards.values()
        for customer, line in shard["lines"].items()
        for sequence, (event, _) in line.items()
    }
    if sorted(answer[2] for answer in answers) != sorted(events):
        return "an event is not exactly once in Kafka"
    if len({answer[:2] for answer in answers}) != len(answers):
        return "a customer's sequence is twice in Kafka"
    if view != {answer[:3] for answer in answers}:
        return "the timelines are not what Kafka has"
    for customer, _, _, _, identifiers, owners in answers:
        for identifier in identifiers:
            owner = world.redis.bucket(identifier)["claims"].get(identifier)
            if owners[identifier] == customer and owner != customer:
                return "an identifier is not whose Kafka says"
    return None


def main(runs=2000, mode="good", first=0):
    faults, kinds = {}, {"shortcut": 0, "all": 0}
    for seed in range(first, first + runs):
        fault, repairs = run(seed, mode)
        kinds = {kind: kinds[kind] + repairs[kind] for kind in kinds}
        if fault:
            faults.setdefault(fault, []).append(seed)
    broken = sum(map(len, faults.values()))
    print(f"{mode}: {runs} runs, {broken} broken, repairs {kinds}")
    for fault, seeds in faults.items():
        print(f"  {len(seeds)} times: {fault}; seeds {seeds[:3]}")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    words = [word for word in sys.argv[1:] if not word.isdigit()]
    main(*numbers[:1] or [2000], *words[:1] or ["good"], *numbers[1:2])
