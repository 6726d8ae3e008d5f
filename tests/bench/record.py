"""A proxy between the daemon and its Redis that writes down what the daemon sends, each connection by itself. Played to
another redis-server, that is the very same calls, whatever their arguments mean."""

import asyncio
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

CHUNK = 1 << 16


class Recorder:
    def __init__(self, folder):
        self._folder = Path(folder)
        self._connections = 0

    @contextmanager
    def before(self, redis):
        """The URL at which this Redis is then reached through here."""
        loop = asyncio.new_event_loop()
        serve = self._server_to(redis.port)
        server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            asyncio.run_coroutine_threadsafe(_end_others(), loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    @property
    def busiest(self):
        """The file of the connection that sent the most."""
        return max(self._folder.glob("connection-*"), key=lambda path: path.stat().st_size)

    def _server_to(self, port):
        async def serve(reader, writer):
            self._connections += 1
            path = self._folder / f"connection-{self._connections}"
            redis_reader, redis_writer = await asyncio.open_connection("127.0.0.1", port)
            with path.open("wb", buffering=0) as file:
                await asyncio.gather(_copy(reader, redis_writer, file.write), _copy(redis_reader, writer))

        return serve


async def _end_others():
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _copy(reader, writer, note=lambda chunk: None):
    with suppress(ConnectionError):  # whoever was killed is asked about elsewhere
        while chunk := await reader.read(CHUNK):
            note(chunk)
            writer.write(chunk)
            await writer.drain()
    writer.close()
