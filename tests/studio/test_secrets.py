"""What is sealed opens only with its key, in its place, and whole."""

from __future__ import annotations

import base64
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep import ConfigurationWrong
from studio.secrets import Sealer, Unsealable, context_of_token, development_key, read_keys

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS, TEXTS)
def test_what_is_sealed_opens_again(text: str, context: str) -> None:
    """Any text, any context; twice the same text gives two different sealed ones, neither of which shows it."""
    sealer = Sealer([OLD])
    one, two = sealer.seal(text, context), sealer.seal(text, context)
    assert sealer.open(one, context) == sealer.open(two, context) == text
    assert one != two
    assert one.startswith("v1.")
    if len(text) > 3:
        assert text not in one


def test_it_opens_nowhere_else() -> None:
    """Moved to another row or another column it is refused."""
    sealer = Sealer([OLD])
    here = context_of_token("u", "instagram", "42", "access_token")
    sealed = sealer.seal("token", here)
    for there in (
        context_of_token("v", "instagram", "42", "access_token"),
        context_of_token("u", "instagram", "42", "refresh_token"),
        context_of_token("u", "instagram", "43", "access_token"),
        context_of_token("u", "youtube", "42", "access_token"),
        "",
    ):
        with pytest.raises(Unsealable, match="belongs somewhere else"):
            sealer.open(sealed, there)


@given(st.integers(0), st.integers(1, 255))
def test_a_changed_bit_is_noticed(place: int, change: int) -> None:
    """Whichever byte is changed, in the nonce, the text or the tag, it does not open."""
    version, name, encoded = Sealer([OLD]).seal("a token", "c").split(".")
    sealed = bytearray(base64.urlsafe_b64decode(encoded))
    sealed[place % len(sealed)] ^= change
    damaged = f"{version}.{name}.{base64.urlsafe_b64encode(sealed).decode()}"
    with pytest.raises(Unsealable, match="damaged"):
        Sealer([OLD]).open(damaged, "c")


@pytest.mark.parametrize(
    "text", ["", "token", "v1", "v1..", "v1.x.y", "v1.é.AAAA", "v0.00000000.AAAA", "v1." + "A" * 99]
)
def test_what_was_never_sealed_is_refused(text: str) -> None:
    """A clear text in the column is an error of its own, not a crash."""
    with pytest.raises(Unsealable):
        Sealer([OLD]).open(text, "c")


def test_what_is_cut_short_is_refused() -> None:
    """Every beginning of a sealed text is refused."""
    sealed = Sealer([OLD]).seal("a token", "c")
    for length in range(len(sealed)):
        with pytest.raises(Unsealable):
            Sealer([OLD]).open(sealed[:length], "c")


def test_keys_are_changed_in_three_steps() -> None:
    """A new key in front seals, the old one still opens; when it is dropped, what it sealed says why it stays shut."""
    old = Sealer([OLD]).seal("token", "c")
    both = Sealer([NEW, OLD])
    assert both.open(old, "c") == "token"
    assert not both.is_current(old)
    again = both.seal(both.open(old, "c"), "c")
    assert both.is_current(again)
    new = Sealer([NEW])
    assert new.open(again, "c") == "token"
    with pytest.raises(Unsealable, match="not in STUDIO_SECRET_KEY any more"):
        new.open(old, "c")


def test_without_a_key_it_says_what_to_set() -> None:
    """Neither sealing nor opening is done halfway, and the command that is advised makes a key."""
    for refused in (Sealer().seal, Sealer().open):
        with pytest.raises(ConfigurationWrong, match="STUDIO_SECRET_KEY is not set") as caught:
            refused("v1.x.y", "c")
    command = caught.value.next_step.partition("python -c ")[2].strip("'")
    made = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert len(read_keys(made.stdout.strip())[0]) == 32


def test_a_key_is_made_when_it_is_needed() -> None:
    """Once, not before, and never where there is one."""
    made: list[bytes] = []

    def make() -> bytes:
        made.append(NEW)
        return NEW

    sealer = Sealer(make=make)
    assert made == []
    assert sealer.open(sealer.seal("token", "c"), "c") == "token"
    assert made == [NEW]
    assert Sealer([OLD], make=make).seal("token", "c")
    assert made == [NEW]


def test_keys_are_read_from_both_alphabets() -> None:
    """Standard and URL-safe base64, one key or several with blanks between."""
    tricky = b"\xfb\xff" * 16
    texts = base64.b64encode(tricky).decode(), base64.urlsafe_b64encode(NEW).decode()
    assert read_keys(", ".join(texts)) == (tricky, NEW)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("secret!", "key 1 is not base64"),
        ("c2VjcmV0", "key 1 has 6 bytes, not 32"),
        (f"{base64.b64encode(OLD).decode()},", "key 2 has 0 bytes, not 32"),
        ("sécret", "key 1 is not base64"),
    ],
)
def test_a_wrong_key_is_refused_without_being_shown(text: str, said: str) -> None:
    """The message says which key is wrong and how, and repeats none."""
    with pytest.raises(ValueError, match=said) as caught:
        read_keys(text)
    assert "cret" not in str(caught.value).replace("'import", "")


def test_a_developers_key_is_made_once(tmp_path: Path) -> None:
    """It is the same from then on, only its owner reads it, and nothing else is left beside it."""
    file = tmp_path / ".lockstep" / "studio.key"
    key = development_key(file)
    assert development_key(file) == key
    assert len(key) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["studio.key"]
    assert development_key(tmp_path / "other") != key


def test_processes_that_begin_at_once_get_the_same_key(tmp_path: Path) -> None:
    """Whoever is first wins, and the others take what is there."""
    program = "import sys, pathlib, studio.secrets as s; print(s.development_key(pathlib.Path(sys.argv[1])).hex())"
    command = [sys.executable, "-c", program, str(tmp_path / "key")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    keys = {process.communicate()[0] for process in running}
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 64


def test_a_spoilt_developers_key_is_not_overwritten(tmp_path: Path) -> None:
    """What it sealed may still be wanted: the file is named and left alone."""
    file = tmp_path / "key"
    file.write_text("spoilt")
    with pytest.raises(ConfigurationWrong, match="does not hold a key"):
        development_key(file)
    assert file.read_text() == "spoilt"
