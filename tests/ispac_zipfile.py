"""Compares an edited archive with the one that it was made from, as Python's zipfile sees both.

    python3 tests/ispac_zipfile.py OLD NEW CHANGED...

CHANGED are the stored names of the members that were edited. Every other member must have the same packed bytes,
name, time, method, attributes, extra field and comment, in the same order; every member must unpack. Exits 1 with a
message where that is not so.

    python3 tests/ispac_zipfile.py --set DTSX

Lets the command DTSX edit members of archives (`dtsx set`) and compares each: the one among the fixtures, and one that
is made here from the same files, in another order, packed in several ways, with times, comments and extra fields.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse
import zipfile


def packed(path, member):
    """The packed bytes of a member, found by its local header."""
    with open(path, "rb") as file:
        file.seek(member.header_offset)
        header = file.read(30)
        if header[:4] != b"PK\x03\x04":
            sys.exit(f"{path}: `{member.filename}` has no local header")
        name, extra = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
        file.seek(name + extra, 1)
        return file.read(member.compress_size)


def main(old, new, changed):
    with zipfile.ZipFile(old) as before, zipfile.ZipFile(new) as after:
        damaged = after.testzip()
        if damaged is not None:
            sys.exit(f"{new}: `{damaged}` does not unpack")
        if before.namelist() != after.namelist():
            sys.exit(f"the members are {after.namelist()} and were {before.namelist()}")
        if before.comment != after.comment:
            sys.exit("the comment of the archive is another")
        unknown = set(changed) - set(before.namelist())
        if unknown:
            sys.exit(f"{old}: no member {sorted(unknown)}")
        for one, other in zip(before.infolist(), after.infolist()):
            kept = ["date_time", "compress_type", "external_attr", "create_system", "create_version"]
            if one.filename in changed:
                if before.read(one) == after.read(other):
                    sys.exit(f"`{one.filename}` was to be edited and is the same")
            else:
                kept += ["CRC", "file_size", "compress_size", "flag_bits", "extra", "comment", "internal_attr"]
                if packed(old, one) != packed(new, other):
                    sys.exit(f"`{one.filename}` has other packed bytes")
            for field in kept:
                if getattr(one, field) != getattr(other, field):
                    sys.exit(f"`{one.filename}`: {field} is {getattr(other, field)} and was {getattr(one, field)}")
        print(f"{len(before.infolist()) - len(changed)} members untouched, {len(changed)} edited")


FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "ispac"
MANIFEST = "@Project.manifest"


def self_made(path):
    """An archive as no library of ours would write it."""
    ways = [(zipfile.ZIP_STORED, None), (zipfile.ZIP_DEFLATED, 1), (zipfile.ZIP_DEFLATED, 9)]
    files = sorted((FIXTURES / "Etl").iterdir(), reverse=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = b"made by a test"
        for index, file in enumerate(files):
            # Names are percent-encoded, as SSIS does it.
            name = urllib.parse.quote(file.name.replace("Overview", "Überblick"), safe="@[]")
            member = zipfile.ZipInfo(name, (2001 + index, 2, 3 + index, 4, 5, 6 + 2 * index))
            member.compress_type, level = ways[index % len(ways)]
            member.external_attr = 0o640 << 16
            member.comment = f"member {index}".encode()
            # A field that nobody knows.
            member.extra = b"\xfe\xca\x04\x00test"
            archive.writestr(member, file.read_bytes(), compresslevel=level)


def names(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def edit(dtsx, folder, archive, member, path, value, changed):
    """Edits a copy, compares it with the original, and undoes."""
    copy = folder / "edited.ispac"
    copy.write_bytes(archive.read_bytes())
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "LOCALAPPDATA": str(folder / "state")}

    def run(*arguments):
        subprocess.run([dtsx, *arguments], check=True, env=environment, cwd=folder, stdout=subprocess.DEVNULL)

    run("set", f"{copy}!{member}", path, value)
    main(archive, copy, changed)
    with zipfile.ZipFile(copy) as edited:
        for name in changed:
            if value.encode() not in edited.read(name):
                sys.exit(f"`{name}` does not hold {value}")
    once = copy.read_bytes()
    run("set", f"{copy}!{member}", path, value)
    if copy.read_bytes() != once:
        sys.exit("setting the same value again wrote something")
    run("undo")
    if copy.read_bytes() != archive.read_bytes():
        sys.exit("the archive that was put back is another")


def edit_all(dtsx):
    dtsx = str(pathlib.Path(dtsx).resolve())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        made = folder / "made.ispac"
        self_made(made)
        for archive in [FIXTURES / "Etl.ispac", made]:
            print(archive.name)
            shared = r"\Project.Connections[Mail].Properties[SmtpServer]"
            edit(dtsx, folder, archive, "Mail.conmgr", shared, "new.example.com", ["Mail.conmgr", MANIFEST])
            nightly = next(name for name in names(archive) if "Nightly" in name)
            subject = r"\Package\Report.Properties[Subject]"
            edit(dtsx, folder, archive, "Nightly load.dtsx", subject, "Loaded 100 percent", [nightly])


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--set":
        sys.exit(edit_all(sys.argv[2]))
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
