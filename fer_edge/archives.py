"""ZIP archives from untrusted sources: sizes are checked before anything is unpacked."""

import io
import zipfile
from pathlib import Path
from typing import IO

from fer_edge.limits import ARCHIVE_ENTRIES, memory_bytes, too_large

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Python unpacks these in bounded steps; bzip2 and LZMA unpack a whole block of gigabytes."""


class ArchiveError(ValueError):
    """Raised for an archive that is damaged or too large; callers convert it to their own error."""


def check_archive(archive: zipfile.ZipFile, *, most_bytes: int | None = None) -> None:
    """Check the declared contents of an archive.

    Args:
        archive: Open for reading.
        most_bytes: Limit for the unpacked size of all entries; None uses `limits.memory_bytes`.

    Raises:
        ArchiveError: It has too many entries or bytes, duplicate names, encrypted entries, or a
            compression method whose output cannot be bounded.
    """
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > ARCHIVE_ENTRIES:
        raise ArchiveError(f"it has {len(entries):,} entries, expected at most {ARCHIVE_ENTRIES:,}")
    if len(names) < len(entries):
        raise ArchiveError(f"it has {len(entries)} entries, but only {len(names)} different names")
    for entry in entries:
        if entry.flag_bits & 1:
            raise ArchiveError(f"{entry.filename[:80]!r} in it is encrypted")
        if entry.compress_type not in METHODS:
            raise ArchiveError(f"{entry.filename[:80]!r} in it is not stored or deflated")
    total = sum(entry.file_size for entry in entries)
    if total > (memory_bytes() if most_bytes is None else most_bytes):
        raise ArchiveError(too_large(total) if most_bytes is None else f"it has {total:,} bytes")


def check_archive_file(file: Path | IO[bytes]) -> None:
    """Check an archive in a file; a file that is not an archive is left to its reader.

    Raises:
        ArchiveError: As `check_archive`, or the archive is damaged.
    """
    try:
        if not zipfile.is_zipfile(file):
            return
        with zipfile.ZipFile(file) as archive:
            check_archive(archive)
    except ArchiveError:
        raise
    # zipfile raises many types of exceptions for a damaged directory
    except Exception as error:
        raise ArchiveError(f"its directory is damaged: {error}") from error
    finally:
        if isinstance(file, io.IOBase):
            file.seek(0)
