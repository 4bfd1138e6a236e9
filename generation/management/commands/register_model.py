"""`manage.py register_model LABEL`: a folder, a hub id or an endpoint becomes a model that runs can name."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from generation.registry.services import register_model
from generation.registry.settings import ModelSettings, Protocol, RationaleText

_DEFAULTS = ModelSettings()


class Command(JsonCommand):
    help = (
        "Registers a model under a label. A folder is read and hashed; it must lie below MODEL_ROOTS and hold its "
        "weights as safetensors. A hub model is fetched, and an endpoint asked, when something is first sampled."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label", help="letters, digits, - and _; also the source of its candidates")
        place = parser.add_mutually_exclusive_group(required=True)
        place.add_argument("--path", metavar="FOLDER", help="a folder below MODEL_ROOTS")
        place.add_argument("--hub", metavar="ID", help="owner/name of a Hugging Face model")
        place.add_argument("--endpoint", metavar="NAME", help="a server's name in ENDPOINTS")
        parser.add_argument(
            "--rationale-text",
            choices=list(RationaleText),
            default=_DEFAULTS.rationale_text,
            help="which of its texts is the rationale: all of the content, the server's reasoning_content, "
            "or what stands behind thinking tags",
        )
        parser.add_argument(
            "--protocol", choices=list(Protocol), default=_DEFAULTS.protocol, help="how an endpoint is asked"
        )
        parser.add_argument(
            "--served-model", default="", metavar="NAME", help="its name on the server; LABEL if not given"
        )

    def run(
        self,
        *,
        label: str,
        path: str | None,
        hub: str | None,
        endpoint: str | None,
        rationale_text: str,
        protocol: str,
        served_model: str,
        **options: Any,
    ) -> dict[str, Any]:
        settings = ModelSettings.from_json(
            {"rationale_text": rationale_text, "protocol": protocol, "served_model": served_model}
        )
        model = register_model(label, path=path, hub=hub, endpoint=endpoint, actor=COMMAND, settings=settings)
        known = {name: model.manifest[name] for name in ("parameters", "context") if name in model.manifest}
        return {"label": model.label, "kind": model.kind, "digest": model.digest, **known}
