"""Compares an edited archive with the one that it was made from, as Python's zipfile sees both.

    python3 tests/ispac_zipfile.py OLD NEW CHANGED...

CHANGED are the stored names of the members that were edited. Every other member must have the same packed bytes,
name, time, method, attributes, extra field and comment, in the same order; every member must unpack. Exits 1 with a
message where that is not so.
"""

import sys
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


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
