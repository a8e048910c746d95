# mypy: ignore-errors
# ruff: noqa
"""A module that cannot be imported."""

import no_such_module_at_all  # ! ModuleNotFoundError
