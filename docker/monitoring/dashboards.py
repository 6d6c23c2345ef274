"""The dashboards. After an edit: `python -m docker.monitoring.dashboards`, which writes dashboards/*.json."""

from pathlib import Path

from docker.monitoring.pages.gateway import GATEWAY
from docker.monitoring.pages.notifications import DELIVERIES, NOTIFICATIONS
from docker.monitoring.pages.overview import OVERVIEW
from docker.monitoring.pages.postgresql import POSTGRESQL
from docker.monitoring.pages.rabbitmq import RABBITMQ
from docker.monitoring.pages.redis import REDIS
from docker.monitoring.pages.services import FEEDS, USERS

FOLDER = Path(__file__).with_name("dashboards")

ALL = (OVERVIEW, GATEWAY, USERS, FEEDS, NOTIFICATIONS, DELIVERIES, RABBITMQ, POSTGRESQL, REDIS)


def main() -> None:
    """Write every file."""
    for dashboard in ALL:
        (FOLDER / f"{dashboard.uid}.json").write_text(dashboard.json(), encoding="utf-8")


if __name__ == "__main__":
    main()
