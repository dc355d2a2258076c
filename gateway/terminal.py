"""What commands write on: the terminal, or what stands in for it; and how they end when something is wrong."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console

out = Console()
errors = Console(stderr=True)


@contextmanager
def problems_shown() -> Iterator[None]:
    """Print what people can put right, and end the command with 2."""
    from connectors.errors import ConfigurationError, ProfileGatewayError
    from gateway.errors import AmbiguousIdentityError, SourceFailure

    try:
        yield
    except ConfigurationError as error:
        print_problems(error.problems)
    except AmbiguousIdentityError as error:
        print_problems([f"{error}: {', '.join(error.extensions['candidates'])}"])
    except (ProfileGatewayError, SourceFailure) as error:
        print_problems([str(error)])
    except OSError as error:
        print_problems([f"{error.filename or 'a file'}: {error.strerror}"])
    except UnicodeDecodeError:
        print_problems(["the file is not text in UTF-8"])
    else:
        return
    raise typer.Exit(2)


def print_problems(problems: Sequence[str]) -> None:
    """Print problems in red on standard error."""
    for problem in problems:
        errors.print(problem, style="red", markup=False, highlight=False, soft_wrap=True)
