"""Cards as JSON: the same for classifiers, face detectors and the aligner."""

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from fer_edge.documents import parse_json
from fer_edge.errors import ConfigError, ModelError
from fer_edge.model.card_checks import check_encoding
from fer_edge.schema import decode, encode
from fer_edge.shown import printable

Card = TypeVar("Card")


@dataclass(frozen=True, slots=True)
class CardFormat:
    """The format of one kind of card; the card has a field `format_version`.

    Attributes:
        version: Version that this fer-edge reads and writes.
        owner: What has the card, for messages, such as "the detector".
        advice: Next step for a card of another version, or a damaged one.
    """

    version: int
    owner: str
    advice: str

    def check_version(self, version: object) -> None:
        """Check the version that a card states.

        Raises:
            ModelError: It is another one.
        """
        if version != self.version:
            raise ModelError(
                f"{self.owner}'s card has format version {printable(version, 40)}, this fer-edge "
                f"reads {self.version}; {self.advice}, or upgrade fer-edge"
            )

    def to_json(self, card: Any) -> str:
        """Convert a card to JSON text; equal cards give equal texts.

        Raises:
            ModelError: A number is infinite or NaN, which JSON does not have, or a text is not
                UTF-8, such as the name of a file.
        """
        try:
            text = json.dumps(encode(card), indent=2, ensure_ascii=False, allow_nan=False)
        except ValueError as error:
            raise ModelError("the card has a number that is infinite or NaN") from error
        check_encoding(text)
        return text + "\n"

    def from_json(self, cls: type[Card], text: str | bytes) -> Card:
        """Parse a card.

        Raises:
            ModelError: The text is not a card in this format.
        """
        try:
            data = parse_json(text)
            if isinstance(data, dict):  # checked first: a newer format may have other keys
                self.check_version(data.get("format_version", self.version))
            return decode(cls, data)
        except (ValueError, ConfigError) as error:  # includes SchemaError
            raise ModelError(f"the card is damaged: {error}; {self.advice}") from error
