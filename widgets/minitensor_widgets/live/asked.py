"""Widgets whose page asks for what it shows next, so that a busy kernel is never flooded.

The page sends one message, paints the answer, and only then sends the next. Callbacks may run on
any thread: what is to be done is put into a queue at once, and one thread at a time answers.
"""

from __future__ import annotations

import collections
import threading
from abc import abstractmethod
from typing import Any

from .viewer import Viewer

Answer = tuple[dict[str, Any], list[bytes]]


class Asked(Viewer):
    """A viewer that answers the questions of its page.

    Args:
        **traits: traits of ipywidgets.
    """

    def __init__(self, **traits: Any) -> None:
        self._answering = threading.Lock()
        self._orders: collections.deque[list[Any]] = collections.deque(maxlen=10_000)
        super().__init__(**traits)
        self.on_msg(self._asked)

    def _asked(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        label = {"want": content.get("want"), "view": content.get("view")}
        orders = content.get("do")
        orders = orders if isinstance(orders, list) else []
        self._orders.extend(order for order in orders if isinstance(order, list) and order)
        if not self._answering.acquire(blocking=False):
            self.send({**label, "dropped": True})
            return
        try:
            answer, buffers = self._answer(content)
        finally:
            self._answering.release()
        self.send({**answer, **label}, buffers)

    @abstractmethod
    def _answer(self, content: dict[str, Any]) -> Answer:
        """What is sent back; only one thread at a time is in here."""
