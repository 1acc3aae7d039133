"""What is known of a real data set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """A real data set that is not shipped.

    Attributes:
        name: of its folder under the data root.
        title: one line.
        source: where its data was taken from.
        licence: upstream's.
        citation: what to cite, where it is known.
        converted: sample folders of it exist; else its files are as their authors publish them.
        pool: it has unlabelled rows beside the samples.
    """

    name: str
    title: str
    source: str
    licence: str
    citation: str | None = None
    converted: bool = True
    pool: bool = False

    @property
    def get(self) -> str:
        """How to get it, in one line."""
        if not self.converted:
            return (
                f"download {self.source}; there is no converter yet: write it as a sample folder {self.name}/ "
                "(docs/formats.md) and set EOBENCH_DATA or --data to the folder that holds it"
            )
        return (
            f"set EOBENCH_DATA or --data to the folder that holds {self.name}/ (docs/data-sets.md); "
            f"source: {self.source}"
        )
