"""A real redis-server of a test's own: plain, or a cluster of one node that holds all slots and so refuses scripts that
cross them."""

import redis

from .process import Process, free_port

SLOTS = 16384


class Redis:
    def __init__(self, folder, cluster=False, **settings):
        """`settings` are redis-server's, with _ for -: Redis(folder, maxmemory="10mb")."""
        self.port = free_port()
        self.cluster = cluster
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": folder,
            "save": "",
            "appendonly": "yes",
        }
        if cluster:
            options |= {"cluster-enabled": "yes", "cluster-port": free_port()}
        options |= {name.replace("_", "-"): value for name, value in settings.items()}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.process = Process("redis", ["redis-server", *words], folder)

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    @property
    def client(self):
        """redis-py's client; it connects anew where its connection was lost."""
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=10)

    def start(self):
        self.process.launch()
        self.process.wait_until(self._answers, 20, "redis-server answers")
        if self.cluster:
            self._take_all_slots()
        return self

    def stop(self):
        return self.process.end()

    def kill(self):
        return self.process.kill()

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()

    def _answers(self):
        try:
            return self.client.ping()
        except (redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
            return False

    def _take_all_slots(self):
        """A server that starts says "fail" for its first two seconds, whatever it knows."""
        client = self.client
        if not client.cluster("SLOTS"):
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 1)
        self.process.wait_until(lambda: client.cluster("INFO")["cluster_state"] == "ok", 20, "the cluster is whole")
