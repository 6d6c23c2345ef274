from chassis.contract import is_id
from chassis.ids import new_id
from tests.integration.support.rpc import GATEWAY, OPERATOR, Rpc
from tests.integration.users.logged_in import DELIVERIES, PHONE, STAFF, NewUser, User


def test_owner_staff_and_operators_see_the_account_others_a_profile(users: Rpc, ada: User, new_user: NewUser) -> None:
    for caller in (ada.caller, STAFF, OPERATOR):
        assert users("users.detail", caller, id=ada.id) == ada.account
    for caller in (new_user("ben").caller, GATEWAY):
        assert users("users.detail", caller, id=ada.id) == ada.profile


def test_list_has_profiles_of_open_accounts_newest_first(users: Rpc, new_user: NewUser) -> None:
    accounts = [new_user(name) for name in ("ada", "ben", "closed")]
    users("users.set_active", OPERATOR, username="closed", is_active=False)
    assert users("users.all")["items"] == [accounts[1].profile, accounts[0].profile]


def test_profiles_include_closed_accounts(users: Rpc, ada: User) -> None:
    users("users.set_active", OPERATOR, username="ada", is_active=False)
    (profile,) = users("users.profiles", ids=[ada.id, new_id()])["items"]
    assert profile == ada.profile | {"username_changed_at": ada.account["created_at"]}


def test_contacts_have_the_current_addresses_of_open_accounts(users: Rpc, new_user: NewUser) -> None:
    ada, ben = new_user("ada", phone=PHONE), new_user("ben")
    users("users.set_active", OPERATOR, username="ben", is_active=False)
    users("users.update_account", ada.caller, email="ada@example.com", notify_by=["sms"])
    (contact,) = users("users.contacts", DELIVERIES, ids=[ada.id, ben.id, new_id()])["items"]
    assert is_id(contact.pop("unsubscribe_token"))
    assert contact == {
        "id": ada.id,
        "username": "ada",
        "email": "ada@example.com",
        "phone": PHONE,
        "notify_by": ["sms"],
        "unverified": ["email"],  # it is new
    }
