"""Key files: made once, for their owner alone; what is wrong with one is said in a sentence."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import dns.rdata
import pytest

from digest.deliver.settings import DkimSettings
from digest.errors import ConfigError
from digest.keys import dkim_key, dkim_signers, link_keys


def mode(file):
    return stat.S_IMODE(file.stat().st_mode)


def test_the_keys_of_links_are_made_once_and_for_their_owner_alone(tmp_path):
    file = tmp_path / "new" / "links.key"
    (first,) = link_keys(file)
    assert link_keys(file) == (first,)
    assert mode(file) == 0o600
    assert list(file.parent.iterdir()) == [file]
    assert link_keys(tmp_path / "other.key") != (first,)


def test_programs_that_start_at_once_share_one_key(tmp_path):
    file = tmp_path / "links.key"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: link_keys(file), range(32)))
    assert len(found) == 1


def test_a_new_key_in_front_signs_and_the_old_one_stays_good(tmp_path):
    file = tmp_path / "links.key"
    (old,) = link_keys(file)
    file.write_text(f"2 {'ab' * 32}\n{file.read_text()}")
    new, kept = link_keys(file)
    assert (new.number, new.secret, kept) == (2, b"\xab" * 32, old)


@pytest.mark.parametrize(
    "line",
    ["1 abc", f"0 {'ab' * 32}", f"256 {'ab' * 32}", "ab" * 32, f"7 {'ab' * 32}\n7 {'cd' * 32}"],
)
def test_a_line_that_is_no_key_is_named(tmp_path, line):
    file = tmp_path / "links.key"
    file.write_text(f"# mine\n{line}\n")
    with pytest.raises(ConfigError, match=r"links\.key, line [23]: no key; write a number"):
        link_keys(file)


def test_an_empty_file_is_not_filled_in_silence(tmp_path):
    file = tmp_path / "links.key"
    file.write_bytes(b"")
    with pytest.raises(ConfigError, match="holds no key; restore it"):
        link_keys(file)


def test_a_place_that_cannot_hold_the_keys_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"the keys of links in .*file.* cannot be read or made"):
        link_keys(tmp_path / "file" / "links.key")


@pytest.mark.parametrize(("kind", "size"), [("rsa", 390), ("ed25519", 60)])
def test_a_new_dkim_key_comes_with_its_record(tmp_path, kind, size):
    file, record = dkim_key("d2026", "example.org", tmp_path / "keys", kind)
    assert file.name == "d2026._domainkey.example.org.pem"
    assert mode(file) == 0o600
    name, _, text = record.partition(" IN TXT ")
    strings = dns.rdata.from_text("IN", "TXT", text).strings
    assert name == "d2026._domainkey.example.org."
    assert all(len(one) <= 255 for one in strings)
    assert b"".join(strings).startswith(f"v=DKIM1; k={kind}; p=".encode())
    assert size <= len(b"".join(strings)) <= size + 30
    (signer,) = dkim_signers([DkimSettings("d2026", file)], "example.org")
    assert signer.algorithm == f"{kind}-sha256"


def test_a_key_that_is_there_is_never_replaced(tmp_path):
    file, _ = dkim_key("d2026", "example.org", tmp_path, "ed25519")
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="is there already; choose another selector"):
        dkim_key("d2026", "example.org", tmp_path, "ed25519")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("selector", "domain"),
    [
        *[(selector, "example.org") for selector in ("", "a/b", "../x", "a b", "d" * 64)],
        *[("d", domain) for domain in ("localhost", "exa mple.org", "-x.org", 'x".org', "x.org\n")],
    ],
)
def test_what_cannot_stand_in_dns_makes_no_key(tmp_path, selector, domain):
    with pytest.raises(ConfigError, match="is not a name such as"):
        dkim_key(selector, domain, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be written .*; choose another folder"):
        dkim_key("d", "example.org", tmp_path / "file", "ed25519")
