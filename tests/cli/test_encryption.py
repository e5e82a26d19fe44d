"""What the options for encryption take and refuse, and where a passphrase comes from."""

import getpass
import io
import json
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.cli.conftest import Cli
from tests.packages.encryption.contents import sealed
from tui_migrate.cli import passwords
from tui_migrate.cli.encryption import Decrypting, Encrypting, Unlocking
from tui_migrate.errors import CredentialsMissing, UsageError
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import PASSPHRASE_VARIABLE
from tui_migrate.paths import Home
from tui_migrate.plan.model import End, PackageEnd, StoreEnd

SECRET = "hunter2 among words"
"""The command line's tests look for `hunter2` in all that is said and written."""
END = PackageEnd("/backup/shop.age")
HOME = Home.find(Path("/nowhere"))
EXPORT = ("export", "--url", "memory://a/shop", "--output", "shop.age")
IMPORT = ("import", "--url", "memory://a/shop", "--input", "shop.age")


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture(autouse=True)
def nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSPHRASE_VARIABLE, raising=False)
    monkeypatch.setattr(passwords, "may_ask", lambda: False)


def typing(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    """Somebody sits there and types these; gives what they are asked."""
    asked: list[str] = []
    left = list(words)

    def type_next(prompt: str, stream: object = None) -> str:
        asked.append(prompt)
        return left.pop(0)

    monkeypatch.setattr(passwords, "may_ask", lambda: True)
    monkeypatch.setattr(getpass, "getpass", type_next)
    return asked


@pytest.mark.parametrize("typed", [("--passphrase", SECRET), (f"--passphrase={SECRET}",)])
@pytest.mark.parametrize("command", [EXPORT, IMPORT])
def test_a_passphrase_on_the_command_line_is_refused_and_not_repeated(
    cli: Cli, command: tuple[str, ...], typed: tuple[str, ...]
) -> None:
    cli.refused(*command, *typed, code=2, said="--passphrase takes no value", hint="choose another", error="usage")


def test_recipients_and_a_passphrase_exclude_each_other(cli: Cli) -> None:
    words = ("--encrypt-to", "age1x", "--passphrase")
    cli.refused(*EXPORT, *words, code=2, said="exclude each other", hint="give one", error="usage")


def test_a_private_key_as_recipient_is_refused_and_not_repeated(cli: Cli) -> None:
    word = "AGE-SECRET-KEY-1hunter2"
    cli.refused(*EXPORT, "--encrypt-to", word, code=2, said="private key", hint="age-keygen -y", error="usage")


def test_what_is_no_recipient_is_refused(cli: Cli) -> None:
    for word in ("age1hunter2", "ssh-rsa hunter2", "hunter2"):
        cli.refused(*EXPORT, "--encrypt-to", word, code=2, said="recipient", hint="age1", error="usage")


def test_a_passphrase_that_nobody_can_be_asked_for_is_missing(cli: Cli) -> None:
    hint, said = "TUI_MIGRATE_PASSPHRASE", "no passphrase for"
    cli.refused(*EXPORT, "--passphrase", code=4, said=said, hint=hint, error="credentials_missing")


@pytest.mark.parametrize("option", ["--identity", "--key-file", "--passphrase-file"])
def test_a_file_of_secrets_that_others_may_read_is_refused(cli: Cli, tmp_path: Path, option: str) -> None:
    path = private(tmp_path / "key", "hunter2", 0o644)
    words = (*IMPORT, option, str(path))
    cli.refused(*words, code=4, said="others may read", hint="chmod 600", error="credentials_missing")
    words = (*IMPORT, option, str(tmp_path / "none"))
    cli.refused(*words, code=4, said="cannot be read", hint="check the path", error="credentials_missing")
    path.unlink()


@pytest.mark.parametrize("option", ["--identity", "--key-file"])
def test_a_file_of_no_key_is_refused_and_not_repeated(cli: Cli, tmp_path: Path, option: str) -> None:
    path = private(tmp_path / "key", "hunter2")
    cli.refused(*IMPORT, option, str(path), code=2, said=f"{path}", hint="", error="usage")
    path.unlink()


def test_a_package_for_recipients_is_an_archive(tmp_path: Path) -> None:
    key = str(pyrage.x25519.Identity.generate().to_public())
    given: dict[str, str] = {}
    found = Encrypting(encrypt_to=(str(private(tmp_path / "team", key)),)).target(END, given)
    assert found == PackageEnd(END.path, PackageForm.ARCHIVE, (key,))
    assert not given


def test_a_passphrase_stays_apart_from_the_end(tmp_path: Path) -> None:
    given: dict[str, str] = {}
    found = Encrypting(passphrase_file=private(tmp_path / "word", f"{SECRET}\n")).target(END, given)
    assert found == PackageEnd(END.path, PackageForm.ARCHIVE, with_passphrase=True)
    assert given == {END.label: SECRET}


def test_a_package_without_these_options_stays_as_it_was() -> None:
    assert Encrypting().target(END, {}) == END
    assert Decrypting().source(END, {}) == END


@pytest.mark.parametrize("form", [PackageForm.TAR, PackageForm.GOFANNON])
def test_another_form_is_not_encrypted(form: PackageForm) -> None:
    with pytest.raises(UsageError, match=f"form {form} is not written encrypted"):
        Encrypting(passphrase=True).target(PackageEnd("/backup/shop", form), {})


def test_a_new_passphrase_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = typing(monkeypatch, SECRET, SECRET)
    given: dict[str, str] = {}
    passwords.ask_missing([PackageEnd(END.path, with_passphrase=True)], HOME, given)
    assert given == {END.label: SECRET}
    assert asked == [f"passphrase for {END.path}: ", "the same again: "]
    typing(monkeypatch, SECRET, "hunter3")
    with pytest.raises(UsageError, match="the two passphrases differ"):
        passwords.ask_missing([PackageEnd(END.path, with_passphrase=True)], HOME, {})
    typing(monkeypatch, "")
    with pytest.raises(CredentialsMissing):
        passwords.ask_missing([PackageEnd(END.path, with_passphrase=True)], HOME, {})


def test_the_passphrase_of_a_package_to_be_read_is_asked_for_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "shop.age"
    path.write_bytes(sealed(b"", passphrase=SECRET))
    asked = typing(monkeypatch, SECRET)
    given: dict[str, str] = {}
    for _ in range(2):
        passwords.ask_missing([PackageEnd(str(path))], HOME, given)
    assert given == {str(path): SECRET}
    assert len(asked) == 1


def test_no_other_package_is_asked_about(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = typing(monkeypatch)
    key = str(pyrage.x25519.Identity.generate().to_public())
    (tmp_path / "sent").write_bytes(sealed(b"", recipients=[key]))
    (tmp_path / "cut").write_bytes(sealed(b"", passphrase=SECRET)[:30])
    (tmp_path / "plain").write_bytes(b"{}")
    for name in ("sent", "cut", "plain", "none", ""):
        passwords.ask_missing([PackageEnd(str(tmp_path / name))], HOME, {})
    assert asked == []


def test_the_environment_comes_before_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = typing(monkeypatch)
    monkeypatch.setenv(PASSPHRASE_VARIABLE, SECRET)
    given: dict[str, str] = {}
    passwords.ask_missing([PackageEnd(END.path, with_passphrase=True)], HOME, given)
    assert (given, asked) == ({END.label: SECRET}, [])


def test_a_worker_takes_it_from_its_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({END.label: SECRET}) + "\n"))
    given: dict[str, str] = {}
    passwords.read_missing([PackageEnd(END.path, with_passphrase=True)], HOME, given)
    assert given == {END.label: SECRET}


STORE = StoreEnd("shop", url="memory://a/shop")
WRITTEN = PackageEnd("/backup/shop.age", PackageForm.ARCHIVE, with_passphrase=True)


@pytest.mark.parametrize(("source", "target"), [(END, STORE), (STORE, WRITTEN)])
def test_the_passphrase_of_a_plan_that_is_kept_comes_from_a_file(tmp_path: Path, source: End, target: End) -> None:
    word = private(tmp_path / "word", f"{SECRET}\n")
    given: dict[str, str] = {}
    assert Decrypting(passphrase_file=word).ends(source, target, given) == (source, target)
    assert given == {END.label: SECRET}
    given = {}
    Unlocking(passphrase_file=word).keep(source, target, given)
    assert given == {END.label: SECRET}
    Unlocking().keep(source, target, given := {})
    assert given == {}


def test_what_opens_the_package_of_a_plan_takes_the_place_of_what_it_names(tmp_path: Path) -> None:
    identity = private(tmp_path / "mine", str(pyrage.x25519.Identity.generate()))
    kept = replace(END, identity_file="/old/identity", key_file="/old/key")
    assert Decrypting().ends(kept, STORE, {}) == (kept, STORE)
    found, _ = Decrypting(identity=identity).ends(kept, STORE, {})
    assert found == replace(kept, identity_file=str(identity))


@pytest.mark.parametrize("target", [STORE, PackageEnd("/backup/shop")])
def test_where_nothing_is_to_be_opened_the_options_are_refused(tmp_path: Path, target: End) -> None:
    word = private(tmp_path / "word", SECRET)
    with pytest.raises(UsageError, match="no package is read"):
        Unlocking(passphrase_file=word).keep(STORE, target, {})
    for given in (
        Decrypting(passphrase_file=word),
        Decrypting(passphrase=True),
        Decrypting(identity=word),
        Decrypting(key_file=word),
    ):
        with pytest.raises(UsageError, match="no package is read"):
            given.ends(STORE, target, {})


def aes_package(folder: Path, key: bytes) -> bytes:
    plain = (Path(__file__).parents[1] / "data/json_forms/second_brain.json.gz").read_bytes()
    content = bytes(12) + AESGCM(key).encrypt(bytes(12), plain, None)
    (folder / "shop.json.gz").write_bytes(content)
    return content


def test_a_package_under_an_aes_key_is_opened_by_its_file(cli: Cli, tmp_path: Path) -> None:
    content = aes_package(tmp_path, bytes(range(32)))
    words = ("validate", "--input", "shop.json.gz")
    key = private(tmp_path / "key", bytes(range(32)).hex())
    opened = cli(*words, "--key-file", str(key), "--json")
    assert opened.code in (0, 3)
    assert '"name":"documents","value":5,' in "".join(opened.out.split())
    cli.refused(*words, code=4, said="no package of a form", hint="--key-file", error="refused")
    other = private(tmp_path / "other", "00" * 32)
    said, hint = "the key does not open", "another key file"
    cli.refused(*words, "--key-file", str(other), code=4, said=said, hint=hint, error="wrong_key")
    (tmp_path / "shop.json.gz").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    done = cli(*words, "--key-file", str(key), "--json")
    assert done.code == 4
    assert "wrong_key" not in done.out
    assert "is damaged: the key fits" in done.out
