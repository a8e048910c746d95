"""Operations at their time, for every user of a namespace: what `memoryengine schedule` runs.

`claims` says what becomes of the documents of the agenda, `looks` what an alarm finds when it looks at a user,
`taking_up` notes the users from before there was a schedule, and `scheduler` does it all. `memoryengine.agenda` is how
users get onto the agenda, and `memoryengine.triggers` when they are due.
"""

from .claims import Ran
from .scheduler import Scheduler
from .waiting import Pause, Told, log_run

__all__ = ["Pause", "Ran", "Scheduler", "Told", "log_run"]
