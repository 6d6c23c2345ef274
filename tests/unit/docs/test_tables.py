from dev.commands import tables
from dev.machine.files import ROOT

CONFIG = """
# A comment before an empty line belongs to no variable.

# where it is,
# or was (docs/operations.md#backup)
place: ${PLACE}
users:
  size: ${SIZE:3}  # cups
  fixed: 5         # not a variable
  colour: !raw_env_var ${COLOUR:}
"""


def test_tables_of_variables_are_up_to_date() -> None:
    assert tables.PAGE.read_text(encoding="utf-8") == tables.page(), "run `make docs`"


def test_comments_above_and_behind_a_variable_are_its_meaning() -> None:
    assert [*tables.variables(CONFIG)] == [
        ("common", "PLACE", None, "where it is, or was (docs/operations.md#backup)"),
        ("users", "SIZE", "3", "cups"),
        ("users", "COLOUR", "", ""),
    ]


def test_every_variable_has_a_meaning() -> None:
    known = [*tables.variables((ROOT / "config.yml").read_text(encoding="utf-8"))]
    assert known
    assert [name for _, name, _, meaning in known if not meaning] == []
