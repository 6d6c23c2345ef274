"""Whether the time of a request for a new password reveals an account: `python -m bench.password_reset [samples]`.

Requests for accounts with a verified address, with an unverified one, for closed accounts and for unknown names follow
each other in random order, so what else the machine does meets all of them. Every name is asked for once, by a client
of its own.
"""

import asyncio
import random
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from bench.load.http import Client, Request, Response
from bench.platform import Platform, running
from chassis.ids import new_id
from dev import DevError

SAMPLES = 500  # of each kind
WARM_UP = 25  # requests of each kind that are not counted
RESAMPLED = 1000  # times, for the interval of a median
PATH = "/password-reset/"
ACCEPTED = 202

Quantile = Callable[[Sequence[float]], float]
Names = Mapping[str, Sequence[str]]  # user names by kind


def main(samples: str = "") -> int:
    """Return the exit code."""
    try:
        with running() as platform:
            names = create_accounts(platform, WARM_UP + int(samples or SAMPLES))
            seconds = asyncio.run(measure(platform, names))
    except DevError as error:
        print(error, file=sys.stderr)
        return 1
    print(*lines(seconds), sep="\n")
    return 0


def create_accounts(platform: Platform, number: int) -> Names:
    """Return so many names of each kind, all of the same length."""
    usernames = platform.users.insert(3 * number, 0, emails=0, phones=0).usernames
    random.shuffle(usernames)
    verified, unverified, closed = (usernames[n * number : (n + 1) * number] for n in range(3))
    platform.users.change(unverified, "email_verified_at = NULL")
    platform.users.change(closed, "is_active = false, deactivated_at = now()")
    unknown = [f"m_{new_id().replace('-', '')[8:]}" for _ in range(number)]
    return {"verified": verified, "unverified": unverified, "closed": closed, "unknown": unknown}


async def measure(platform: Platform, names: Names) -> dict[str, list[float]]:
    """Return the latencies by kind. Raises DevError if an answer differs from the others."""
    client, numbers = Client(platform.target), iter(range(2**24))
    seconds: dict[str, list[float]] = {kind: [] for kind in names}
    for turn in zip(*names.values(), strict=True):
        for kind, name in random.sample([*zip(names, turn, strict=True)], len(names)):
            number = next(numbers)
            address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            response = await client.send(Request("POST", PATH, "", {"username": name}, address))
            _check(kind, response)
            seconds[kind].append(response.seconds)
    client.close()
    return {kind: all_of_kind[WARM_UP:] for kind, all_of_kind in seconds.items()}


def _check(kind: str, response: Response) -> None:
    if (response.status, response.body) != (ACCEPTED, b"{}"):
        raise DevError(f"{kind}: {response.status} {response.body.decode(errors='replace')}")


def lines(seconds: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """Yield the median and the fastest tenth of each kind, and how they differ from those of all.

    The fastest tenth suffers least from what else the machine does.
    """
    everything = [one for of_kind in seconds.values() for one in of_kind]
    yield "                  median                              fastest tenth"
    for kind, of_kind in seconds.items():
        parts = [_difference(quantile, of_kind, everything) for quantile in (statistics.median, _fastest_tenth)]
        yield f"{kind:12} {'   '.join(parts)}"


def _difference(quantile: Quantile, of_kind: Sequence[float], everything: Sequence[float]) -> str:
    """Return a quantile, its difference from that of all, and what 95 % of resampled differences lie between."""
    of_all = quantile(everything)
    resampled = (quantile(random.choices(of_kind, k=len(of_kind))) for _ in range(RESAMPLED))  # noqa: S311
    low, *_, high = statistics.quantiles(resampled, n=40)
    found, lowest, highest = (100 * (one / of_all - 1) for one in (quantile(of_kind), low, high))
    return f"{1000 * quantile(of_kind):7.2f} ms {found:+5.1f} % ({lowest:+5.1f} to {highest:+5.1f})"


def _fastest_tenth(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=10)[0]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
