"""Reading event files. Read `log` first, then `tail` (one file), `frames`, `columns`, `decoding`.

`log` asks `folders` for the files below a directory; each file is a `tail` that is read piece by
piece. In a piece, `frames` finds the whole records, `columns` takes the points of curves from many
of them at once, and `decoding` reads the others one by one.
"""

from minitensor.summary.reading.log import Log as Log
from minitensor.summary.reading.log import read as read

__all__ = ["Log", "read"]
