from deploy.image import container, engine  # noqa: F401
from deploy.machine import machine  # noqa: F401
from deploy.service import service  # noqa: F401
