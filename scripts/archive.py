"""Pack a folder as FOLDER.tar.gz below OUT, the same bytes for the same files on every system. Usage: archive.py FOLDER OUT"""

import gzip
import sys
import tarfile
from pathlib import Path


def entry(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
    return info


def main(folder: Path, out: Path) -> None:
    # Nearly all of it is the model, whose numbers no level makes much smaller.
    with open(out / f"{folder.name}.tar.gz", "wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            # Folders are added with what is in them, by name.
            tar.add(folder, folder.name, filter=entry)


main(Path(sys.argv[1]), Path(sys.argv[2]))
