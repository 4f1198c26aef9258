"""`bort front`: read a study again, under any epsilon and weights, without training."""

import click

from bort.cli import options
from bort.study import parse_epsilon, parse_weights


@click.command()
@click.option("--study", metavar="NAME", help="Name of the study [default: the latest].")
@click.option("--epsilon", metavar="E", help="Certify within 1+epsilon [default: the study's].")
@click.option("--weights", metavar="P,I,E", help="Cost weights [default: the study's].")
@options.store_url
@options.as_json
def front(
    study: str | None,
    epsilon: str | None,
    weights: str | None,
    store_url: str | None,
    as_json: bool,
) -> None:
    """Read a study's Pareto front, its cover and its best point; trains nothing.

    \b
    Examples:
      bort front
      bort front --study reviews --epsilon 0.1 --weights 1,2,1 --json
    """
    from bort.answers import latest_study, read_answer
    from bort.storage import open_store

    new_epsilon = None if epsilon is None else parse_epsilon(epsilon)
    new_weights = None if weights is None else parse_weights(weights)
    with open_store(store_url) as store:
        name = study or latest_study(store)
        answer = read_answer(store, name, epsilon=new_epsilon, weights=new_weights).as_json()
    if as_json:
        options.print_json(answer)
        return
    from bort.cli.report import print_answer

    print_answer(answer)
