"""One address may have so many connections and no more. Behind a proxy whose word is taken, it is the sender's address
that counts."""

from touchpoint.front import error_of, event, post

TWO = {"http.max_connections_per_peer": 2}
PROXY = {"http.trusted_proxies": "127.0.0.1"}


def refused(daemon):
    return daemon.metrics()['touchpoint_http_connections_refused_total{reason="peer"}']


def must_be_turned_away(connection):
    reply = connection.reply()
    assert reply.status == 503
    assert error_of(reply)["code"] == "no_room"
    assert int(reply.headers["Retry-After"]) > 0
    assert connection.closed()


def test_an_address_has_so_many(front):
    daemon = front(TWO)
    first, second = daemon.connect(), daemon.connect()
    for connection in (first, second):
        connection.send(post(event()))
        assert connection.reply().status == 202
    with daemon.connect() as third:
        must_be_turned_away(third)
    with first:
        first.send(post(event(), "Connection: close"))
        assert first.reply().status == 202
        assert first.closed()
    assert refused(daemon) == 1
    second.send(post(event()))
    assert second.reply().status == 202


def test_behind_a_proxy_the_senders_address_has(front):
    daemon = front(TWO | PROXY)
    ann = "X-Forwarded-For: 192.0.2.1"
    open_ = [daemon.connect() for _ in range(4)]
    for connection in open_[:2]:
        connection.send(post(event(), ann))
        assert connection.reply().status == 202
    open_[2].send(post(event(), ann))
    must_be_turned_away(open_[2])
    for connection, peer in ((open_[3], "192.0.2.2"), (open_[0], "2001:db8::1")):
        connection.send(post(event(), f"X-Forwarded-For: {peer}"))
        assert connection.reply().status == 202
    with daemon.connect() as another:
        another.send(post(event(), ann))
        assert another.reply().status == 202, "one of its two connections carries somebody else's requests now"
    assert refused(daemon) == 1
