"""Numbers as typed by a person, in a terminal or in a field of a page."""

from bort.core.errors import InvalidFieldError
from bort.core.question import check_epsilon, check_weights


def parse_epsilon(text: str) -> float:
    """Read epsilon as typed by a person."""
    try:
        return check_epsilon(float(text))
    except InvalidFieldError:
        raise
    except ValueError:
        raise InvalidFieldError(
            "epsilon", f"epsilon must be a number above 0, got {text!r}; try 0.1 or 0.25"
        ) from None


def parse_weights(text: str) -> tuple[float, float, float]:
    """Read weights as typed by a person: three numbers with commas between."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise InvalidFieldError(
            "weights", f"weights are three numbers with commas between, got {text!r}; try 1,1,1"
        ) from None
    return check_weights(numbers)


def parse_learning_rates(text: str) -> tuple[float, ...]:
    """Read Θ as typed by a person: learning rates with commas between; empty is the default."""
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InvalidFieldError(
            "learning_rates",
            f"learning rates are numbers with commas between, got {text!r}; try 3e-4,1e-3",
        ) from None


def parse_lipschitz(text: str) -> float | dict[str, float]:
    """Read λ as typed by a person: `0.2`, or `depth=0.1,hidden=0.3`."""
    try:
        if "=" not in text:
            return float(text)
        pairs = [(k.strip(), float(v)) for k, v in (part.split("=") for part in text.split(","))]
    except ValueError:
        raise InvalidFieldError(
            "lipschitz",
            f"λ is one number or name=number pairs with commas between, got {text!r}; "
            "try 0.2 or depth=0.1,hidden=0.3",
        ) from None
    names = [name for name, _ in pairs]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise InvalidFieldError("lipschitz", f"λ of {repeated[0]} is given twice; name it once")
    return dict(pairs)
