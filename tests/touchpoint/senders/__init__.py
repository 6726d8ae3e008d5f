"""How each kind of sender makes its requests: a module a kind, named as its folder in config/sources with _ for -.

    SECRET     what the source is configured with; SECRETS where there are several
    SETTINGS   further settings of the source's section, "" for none
    sign(request)   the request as the sender would send it: signed, or with what it shows

Each says in its docstring how its sender signs, and where that was read.
"""

import importlib


def sender(kind):
    return importlib.import_module(f"touchpoint.senders.{kind.replace('-', '_')}")
