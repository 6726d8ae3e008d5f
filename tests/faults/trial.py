"""A trial: one fault, done so many times to a daemon under load, and what the oracle finds afterwards. It is a row of
the table that ./dev faults prints. To add one, write a test that says what the fault is:

    def test_redis_is_killed(node, redis, trial):
        def strike():
            redis.kill()
            redis.start()

        trial(node(), "Redis: kill -9", strike, times=(1, 10))

`node` makes the daemon, with kafka.transactions as `transactions` says; the test may look at it afterwards as any
other. In ./dev test a trial has its short form, in ./dev faults its full one, each with kafka.transactions off and on.
"""

import time

from touchpoint import oracle, until
from touchpoint.load import Load

KINDS = (oracle.LOST, oracle.DOUBLED, oracle.DISORDER, oracle.WRONG)

BETWEEN = 50
"""Events that are accepted between two strikes, so that each meets a daemon at work."""


class Trial:
    def __init__(self, kafka, topics, in_full, record):
        self.in_full = in_full
        self._kafka, self._topics, self._record = kafka, topics, record

    def __call__(self, daemon, fault, strike, *, times, each_recovers=True, pause=0.01, **load):
        """`times`: in the short form, and in the full one. `each_recovers`: that is waited for between two strikes, and
        not only after the last. `pause`, `load`: as for Load. A strike that did not hit answers False."""
        strikes, times, recovered = times[self.in_full], 0, 0.0
        with Load(daemon, pause=pause, **load) as load:
            load.pass_one()
            for left in reversed(range(strikes)):
                if each_recovers:
                    enough = len(load.accepted) + BETWEEN
                    until(lambda enough=enough: len(load.accepted) > enough, 60, "events are accepted")
                times += strike() is not False
                if each_recovers or left == 0:
                    recovered = max(recovered, _recovery(load))
        verdict = oracle.examine(daemon, self._kafka, self._topics, load)
        self._say(daemon, fault, times, verdict, recovered)
        assert not verdict, f"{load}: {verdict}"
        assert load.surprises == []
        return load

    def _say(self, daemon, fault, times, verdict, recovered):
        found = {kind: verdict.count(kind) for kind in KINDS}
        settings = {"transactions": daemon.settings.get("kafka.transactions", "off")}
        self._record("trial", {"fault": fault, **settings, "times": times, **found, "recovered_s": round(recovered, 2)})


def _recovery(load):
    """Seconds until an event that is sent now has gone all the way."""
    began = time.monotonic()
    load.pass_one()
    return time.monotonic() - began
