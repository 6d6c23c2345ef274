"""GET / links to the documentation."""

import requests

TIMEOUT = 30  # seconds


def test_root_returns_links_as_json(url: str) -> None:
    response = requests.get(url + "/", timeout=TIMEOUT)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    for path in response.json().values():
        if str(path).startswith("/"):
            assert requests.get(url + path, timeout=TIMEOUT).status_code in {200, 401, 426}, path


def test_root_returns_a_page_to_browsers(url: str) -> None:
    response = requests.get(url + "/", headers={"Accept": "text/html,*/*;q=0.8"}, timeout=TIMEOUT)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert "/openapi.json" in response.text
