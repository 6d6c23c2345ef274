"""A code by mail signs in on a new device while attackers keep unknown clients out."""

from dev.platform.instance import Instance
from tests.e2e.support.client import PASSWORD, NewClient
from tests.e2e.support.fakes import SIGNS_IN, mails_to, wait_for_code
from tests.e2e.support.operator import Operator
from tests.e2e.support.responses import check_problem


def test_code_signs_in_on_a_new_device_during_an_attack(
    new_client: NewClient, operator: Operator, platform: Instance
) -> None:
    owner = new_client()
    owner.register()
    operator.verify(owner.username)
    login = {"username": owner.username, "password": PASSWORD}
    codes = [new_client().post("/login/", login | {"password": "wrong"}).status_code for _ in range(37)]
    assert codes[-1] == 429
    problem = owner.post("/login/", login)
    check_problem(problem, 429)
    assert (problem.json()["code"], "POST /login-code/" in problem.json()["detail"]) == ("too_many_failures", True)
    assert owner.post("/login-code/", {"email": owner.email}).status_code == 202
    code = wait_for_code(platform.environment, owner.email, SIGNS_IN)
    wrong = owner.post("/login/", login | {"code": "x"})
    check_problem(wrong, 422)
    assert wrong.json()["code"] == "bad_code"
    response = owner.post("/login/", login | {"code": code})
    assert response.status_code == 200
    assert response.json()["token"]


def test_unknown_name_gets_the_same_answer_and_no_code(
    new_client: NewClient, operator: Operator, platform: Instance
) -> None:
    known, unknown = new_client(), new_client()
    known.register()
    operator.verify(known.username)
    responses = [client.post("/login-code/", {"email": client.email}) for client in (unknown, known)]
    assert [(response.status_code, response.content) for response in responses] == [(202, b"{}")] * 2
    wait_for_code(platform.environment, known.email, SIGNS_IN)
    assert mails_to(platform.environment, unknown.email) == []
