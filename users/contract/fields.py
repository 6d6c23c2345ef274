"""Types of fields."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from chassis.contract import Id, JsonSchema, Text

Channel = Literal["realtime", "email", "sms"]
CodeChannel = Literal["email", "sms"]
CodePurpose = Literal["verify_email", "verify_phone", "reset_password", "sign_in"]
REALTIME: Channel = "realtime"
Username = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_.]{3,30}$", description="Unique without regard to case.", examples=["ada"])
]
Email = Annotated[
    Text,
    Field(
        min_length=3,
        max_length=254,
        description="A well-formed address, ASCII before the @, in a domain that is not reserved; unique without "
        "regard to case.",
        examples=["ada@example.org"],
    ),
    JsonSchema({"format": "email"}),
]
Phone = Annotated[
    Text,
    Field(
        min_length=3,
        max_length=32,
        description="A valid number in international form; unique.",
        examples=["+254711000001"],
    ),
    JsonSchema({"pattern": r"^\+[0-9 ().-]+$"}),
]
# The form in which accounts store phone numbers.
E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", examples=["+254711000001"])]
# Only an upper bound: the service counts characters after NFKC, which can shorten a text.
Password = Annotated[Text, Field(min_length=1, max_length=1024, examples=["correct horse battery"])]
NewPassword = Annotated[
    Password,
    Field(
        description="8 to 128 characters of any kind, counted after NFKC; not one of the most common passwords, nor "
        "the account's own user name or e-mail address."
    ),
    JsonSchema({"minLength": 8, "maxLength": 128}),
]
NotifyBy = Annotated[
    list[Channel],
    Field(
        max_length=len(get_args(Channel)),
        description="Channels for notifications; `sms` requires a `phone`. Empty: the inbox only.",
        examples=[["realtime", "email"]],
    ),
    JsonSchema({"uniqueItems": True}),
]
ClientAddress = Annotated[
    Annotated[Text, Field(max_length=64)] | None,
    Field(
        description="The client's IP address, an IPv6 one without its last 64 bits; failed logins and codes are"
        " counted for it."
    ),
]
Code = Annotated[Text, Field(min_length=1, max_length=40, examples=["123456"])]
Ids = Annotated[list[Id], Field(max_length=1000)]
# Field types of replies, with examples.
Name = Annotated[str, Field(examples=["ada"])]
Address = Annotated[str, Field(examples=["ada@example.org"])]
Number = Annotated[str, Field(examples=["+254711000001"])]
Channels = Annotated[list[Channel], Field(examples=[["realtime", "email"]])]
# Replaces the user name of a deleted account; the pattern of `Username` excludes it.
ERASED = "[deleted]"
