"""How the package is built; README.md says how it is used.

The folders workers, workflows and configs lie at the top of the project and belong to the package as
memoryengine.workers, memoryengine/workflows and memoryengine/configs, by the links inside memoryengine/.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
LINKS = ("workers", "workflows", "configs")

REQUIRES = [
    "aiohttp>=3.11",
    "borax>=4.1",
    "cronsim>=2.6",
    "elastic-transport>=8.13,<9",
    "elasticsearch[async]>=8.13,<9",
    "orjson>=3.10",
    "httpx>=0.27",
    "json-repair>=0.30",
    "llama-index-core>=0.13",
    "llama-index-llms-openai-like>=0.5",
    "numpy>=1.26",
    "openai>=1.81",
    "pydantic>=2.8",
    "pyyaml>=6.0.1",
    "requests>=2.31",
    "rich>=13.7",
    "snowballstemmer>=2.2",
    "typer>=0.15",
    "tzdata>=2024.1",
    "tzlocal>=5.2",
]
DEV = [
    "build>=1.2",
    "import-linter>=2.9",
    "mypy>=1.15",
    "pytest>=8.2",
    "pytest-asyncio>=0.26",
    "pytest-xdist>=3.6",
    "ruff>=0.11",
    "setuptools>=77",
    "types-PyYAML",
    "types-requests",
]


def version() -> str:
    """The version, which stands in memoryengine/__init__.py alone."""
    found = re.search(r'^__version__ = "(.+)"$', (HERE / "memoryengine/__init__.py").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit('memoryengine/__init__.py has no line __version__ = "...".')
    return found[1]


def check_links() -> None:
    """Refuse to build without the linked folders: a clone on Windows may hold small text files in their place."""
    broken = [name for name in LINKS if not (HERE / "memoryengine" / name).is_dir()]
    if broken:
        raise SystemExit(
            f"memoryengine/{broken[0]} is no folder but must be a link to ../{broken[0]}. On Windows switch on the "
            "developer mode and clone again with: git clone -c core.symlinks=true ..."
        )


check_links()
setup(
    name="memoryengine",
    version=version(),
    description="Long-term memory for AI agents: workers, chained by checked YAML workflows, over a pluggable store.",
    long_description=(HERE / "README.md").read_text("utf-8") if (HERE / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Framework :: AsyncIO",
        "Intended Audience :: Developers",
        "Natural Language :: Chinese (Simplified)",
        "Natural Language :: English",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    packages=find_packages(include=["memoryengine", "memoryengine.*"]),
    package_data={
        "": ["*.yaml", "py.typed"],
        "memoryengine": ["workflows/*.yaml", "workflows/classic/*.yaml", "configs/*.yaml"],
        "memoryengine.testing": ["**/*.yaml", "**/*.jsonl"],
    },
    include_package_data=False,
    install_requires=REQUIRES,
    extras_require={"dev": DEV},
    entry_points={"console_scripts": ["memoryengine = memoryengine.cli:main"]},
)
