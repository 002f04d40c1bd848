"""A signature that was exported and is sent to a host: description and image, looked at before they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from acquirer.app.signature_folder import TagsOf, is_image_of, signature_of_json, undrawn
from acquirer.errors import ConfigurationError
from acquirer.model.rows import Signature
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.signature.slip_elements import slip_tags
from acquirer.wire.grammar import Tag


class SignatureError(ConfigurationError, ValueError):
    """A signature that was sent and cannot be used: one sentence.

    Args:
        part: where it is wrong, ``signature`` (its description) or ``image``.
    """

    def __init__(self, part: str, problem: str) -> None:
        super().__init__(problem)
        self.part = part


def slip_tags_of(usual_dialect: str) -> TagsOf:
    """Return what knows the slip elements of a dialect that ships, and of any other one those of the usual one."""

    @cache
    def tags_of(name: str) -> Mapping[str, Tag]:
        return slip_tags(load_dialect(name))

    return lambda name: tags_of(name if name in dialect_names() else usual_dialect)


def received_signature(document: object, stream: bytes, tags_of: TagsOf) -> tuple[Signature, bytes]:
    """Return a signature whose description and image were sent, and its image; its picture is to be made.

    Raises:
        SignatureError: the description is none, or the image is not the one that it describes.
    """
    try:
        if not isinstance(document, dict):
            raise ValueError("it is no JSON object")
        one = signature_of_json(document, tags_of)
    except ValueError as exc:
        raise SignatureError("signature", f"describes no signature: {exc}") from None
    if not is_image_of(one, stream):
        raise SignatureError("image", "is not the image that 'signature' describes: its bytes were changed")
    return (undrawn(one) if one.picture == "made" else one), stream
