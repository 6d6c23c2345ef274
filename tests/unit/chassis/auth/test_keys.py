"""Keys in their text form."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chassis.auth.keys import Key, generate, parse

NEW, OLD = generate("feeds/k2"), generate("feeds/k1")
SHARED = Key("k1", "o" * 64)


@pytest.mark.parametrize("text", [f"{NEW}, {OLD},{SHARED}", f"\n  {NEW} \r\n# {NEW}x\n\n{OLD},\n\n{SHARED}"])
def test_keys_are_separated_by_commas_or_lines_and_keep_their_order(text: str) -> None:
    assert parse(text) == (NEW, OLD, SHARED)
    assert parse(f"k1:a:{SHARED.text}") == (Key("k1", f"a:{SHARED.text}"),)


def test_public_half_verifies_and_does_not_sign() -> None:
    public = OLD.public_half()
    assert isinstance(public.public, ed25519.Ed25519PublicKey)
    assert isinstance(OLD.private, ed25519.Ed25519PrivateKey)
    public.public.verify(OLD.private.sign(b"text"), b"text")
    assert public.private is None
    assert (OLD.signs_for("feeds"), OLD.signs_for("users"), public.signs_for("feeds")) == (True, False, False)
    assert public.public_half() == public
    assert OLD.text not in str(public)


def test_private_key_may_be_listed_with_its_public_half_only() -> None:
    assert parse(f"{OLD},{OLD.public_half()}") == (OLD,)
    with pytest.raises(ValueError, match="unique"):
        parse(f"{OLD},{generate(OLD.name).public_half()}")


def _of_another_kind() -> str:
    der = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(der).decode()


@pytest.mark.parametrize(
    "text",
    [
        "k1",
        "k1:short",
        f"{SHARED},k2:short",
        "k1" * 40,
        f"{SHARED},k2",
        f":{'a' * 32}",
        f"{SHARED}\n" * 2,
        f"feeds/k1:{'o' * 64}",
        f"/k1:{OLD.text}",
        f"feeds/:{OLD.text}",
        f"feeds/k1/x:{OLD.text}",
        f"feeds/k1:{OLD.text[:-4]}",
        f"feeds/k1:{OLD.text}!",
        f"feeds/k1:{_of_another_kind()}",
    ],
    ids=range(14),
)
def test_invalid_keys_are_rejected_without_quoting_a_secret(text: str) -> None:
    with pytest.raises(ValueError, match="expected service/id:key") as error:
        parse(text)
    assert not {SHARED.text, OLD.text} & set(str(error.value).split())
    assert OLD.text[:-4] not in str(error.value)
