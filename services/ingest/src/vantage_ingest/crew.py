"""The cameras of a worker, kept in step with its duties."""

from collections.abc import Callable

from vantage_ingest.camera_task import CameraTask
from vantage_ingest.domain.masking import burnt
from vantage_ingest.orders import Duties, Duty, Why

_CHANGED = Why(cause="maintenance", detail="the camera's source was changed")


class Crew:
    """The running tasks. All calls come from the loop's thread."""

    def __init__(self, make: Callable[[Duty], CameraTask]) -> None:
        self._make = make
        self._tasks: dict[str, CameraTask] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def follow(self, duties: Duties) -> list[str]:
        """Start, stop and change what is to be; gives the cameras that were let go."""
        wanted = {duty.camera.camera_id: duty for duty in duties.duties}
        gone = [camera_id for camera_id in self._tasks if camera_id not in wanted]
        for camera_id in gone:
            self._tasks.pop(camera_id).stop(duties.leaving.get(camera_id, Why()))
        for camera_id, duty in wanted.items():
            self._step(camera_id, duty)
        return gone

    def stop(self, why: Why) -> None:
        """Let all go."""
        for task in self._tasks.values():
            task.stop(why)
        self._tasks.clear()

    def _step(self, camera_id: str, duty: Duty) -> None:
        task = self._tasks.get(camera_id)
        if task is not None and _needs(task.duty) == _needs(duty):
            if task.duty != duty:
                task.update(duty)
            return
        if task is not None:
            task.stop(_CHANGED)
        self._tasks[camera_id] = self._make(duty)
        self._tasks[camera_id].start()


def _needs(duty: Duty) -> tuple[object, ...]:
    """What a running connection cannot change."""
    camera = duty.camera
    return camera.source, camera.fragment_seconds, burnt(camera), duty.partition, duty.reader, duty.number
