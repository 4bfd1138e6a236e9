"""What changes the registry. Each act is one transaction with its line in the audit log."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.conf import settings as site
from django.db import IntegrityError, transaction

from accounts.audit import Actor, record
from accounts.errors import InvalidInput
from generation.registry.errors import LabelTaken, UnknownEndpoint, UnusableFolder
from generation.registry.facts import FolderFacts, NoModel, folder_facts, model_files
from generation.registry.folders import base_root, location_of, require_below_roots, resolved_below_roots
from generation.registry.models import LanguageModel
from generation.registry.provenance import check_source
from generation.registry.settings import ModelSettings

#: The models that come with the program: label and folder below `training/base`.
TINY_BASE, TINY_ADDITION = "tiny-base", "tiny-addition"
OWN_BASES = {TINY_BASE: "tiny", TINY_ADDITION: "addition"}

#: A larger folder is registered by the command: hashing it would keep a browser or a program waiting for minutes.
MAX_HASHED_BYTES = 4_000_000_000

_LABEL = re.compile(r"[-a-zA-Z0-9_]{1,100}")
#: Addresses of pages.
RESERVED_LABELS = {"new"}
_HUB = re.compile(r"(?!.*(?:\.\.|--))[\w][\w.-]{0,95}(?:/[\w][\w.-]{0,95})?(?:@[\w][\w./-]{0,99})?", re.ASCII)


def register_model(
    label: str,
    *,
    path: str | Path | None = None,
    hub: str | None = None,
    endpoint: str | None = None,
    actor: Actor,
    settings: ModelSettings | None = None,
    max_bytes: int | None = None,
) -> LanguageModel:
    """Registers a model from exactly one of: a folder below MODEL_ROOTS, a hub id, an endpoint's name.

    A folder is read and hashed here; hub and endpoint are not asked before something is sampled.
    max_bytes: a larger folder is refused, for callers that can not wait.
    The label is the source of its texts, so it must not be that of texts which no model of this site wrote.
    Raises InvalidInput (also OutsideModelRoots, UnusableFolder), UnknownEndpoint, LabelTaken.
    """
    check_label(label)
    check_source(label, field="label")
    given = [name for name, value in (("path", path), ("hub", hub), ("endpoint", endpoint)) if value]
    if len(given) != 1:
        raise InvalidInput(
            f"Name exactly one of path, hub and endpoint; found {' and '.join(given) or 'none'}.",
            details={"field": "path", "value": given, "expected": "exactly one"},
        )
    chosen = settings or ModelSettings()
    if path:
        facts = read_folder(path, max_bytes=max_bytes)[1]
        return _store_folder(
            label, LanguageModel.Kind.FOLDER, path, parent=None, chosen=chosen, actor=actor, facts=facts
        )
    if hub:
        _check_hub(hub)
        return _store(label, LanguageModel.Kind.HUB, hub, chosen=chosen, actor=actor)
    assert endpoint
    check_endpoint(endpoint)
    return _store(label, LanguageModel.Kind.ENDPOINT, endpoint, chosen=chosen, actor=actor)


def register_checkpoint(
    label: str,
    folder: str | Path,
    *,
    parent: LanguageModel | None,
    actor: Actor,
    settings: ModelSettings | None = None,
    facts: FolderFacts | None = None,
) -> LanguageModel:
    """Registers a checkpoint that was trained here. Its settings are the parent's unless given.

    facts: what `read_folder` said of this very folder, for callers that must not hash files inside a transaction.
    Inside a caller's transaction this is part of it. Raises LabelTaken, OutsideModelRoots, UnusableFolder.
    """
    check_label(label)
    chosen = settings or (parent.options if parent else ModelSettings())
    return _store_folder(
        label, LanguageModel.Kind.CHECKPOINT, folder, parent=parent, chosen=chosen, actor=actor, facts=facts
    )


def ensure_tiny_base(*, actor: Actor) -> LanguageModel:
    """The base of the demo and of most recipes; see `ensure_own_base`."""
    return ensure_own_base(TINY_BASE, actor=actor)


def ensure_own_base(label: str, *, actor: Actor) -> LanguageModel:
    """A base that comes with the program (a label of OWN_BASES), registered where it is not yet.

    Once another version of the program has brought other weights, the model of the old ones keeps its runs under the
    label `LABEL-DIGEST`. Raises UnusableFolder where the program came without that base.
    """
    folder, facts = read_folder(base_root() / OWN_BASES[label])
    with transaction.atomic():
        found = LanguageModel.objects.select_for_update().filter(label=label).first()
        if found is not None and found.digest == facts.digest:
            return found
        if found is not None:
            found.label = f"{label}-{found.digest[:12]}"
            found.save(update_fields=["label"])
            record(actor, "model.rename", subject=label, details={"label": found.label})
        try:
            return _store_folder(
                label,
                LanguageModel.Kind.FOLDER,
                folder,
                parent=None,
                chosen=ModelSettings(),
                actor=actor,
                facts=facts,
            )
        except LabelTaken:  # by another process, in this very moment
            return LanguageModel.objects.get(label=label)


def check_label(label: str) -> None:
    """Raises InvalidInput unless the label is a slug that no page has for its address."""
    if not _LABEL.fullmatch(label):
        _refuse("label", label, "letters, digits, - and _, at most 100 characters")
    if label in RESERVED_LABELS:
        _refuse("label", label, "another name: this one is the address of a page")


def check_endpoint(name: str) -> None:
    """Raises UnknownEndpoint unless ENDPOINTS has the name."""
    known = sorted(site.ENDPOINTS)
    if name not in site.ENDPOINTS:
        raise UnknownEndpoint(
            f"There is no endpoint named {name[:100]!r}; ENDPOINTS has {', '.join(known) or 'none'}.",
            details={"field": "endpoint", "value": name[:100], "expected": known},
        )


def read_folder(path: str | Path, *, max_bytes: int | None = None) -> tuple[Path, FolderFacts]:
    """The resolved folder and what it holds. Raises OutsideModelRoots, UnusableFolder."""
    folder = resolved_below_roots(path)
    try:
        # A link inside the folder may lead out of the roots as well as its own.
        size = sum(require_below_roots(file).stat().st_size for file in model_files(folder))
        if max_bytes is not None and size > max_bytes:
            raise NoModel(f"it has {size:,} bytes, more than are hashed here; use the command register_model")
        facts = folder_facts(folder)
    except NoModel as error:
        raise UnusableFolder(
            f"path: {folder.name!r} holds no model that can be loaded: {error}.",
            details={"field": "path", "value": str(path)[:200], "reason": str(error)},
        ) from error
    return folder, facts


def _store_folder(
    label: str,
    kind: LanguageModel.Kind,
    path: str | Path,
    *,
    parent: LanguageModel | None,
    chosen: ModelSettings,
    actor: Actor,
    facts: FolderFacts | None = None,
) -> LanguageModel:
    folder = resolved_below_roots(path)
    facts = facts or read_folder(folder)[1]
    return _store(label, kind, location_of(folder), facts=facts, parent=parent, chosen=chosen, actor=actor)


def _store(
    label: str,
    kind: LanguageModel.Kind,
    location: str,
    *,
    chosen: ModelSettings,
    actor: Actor,
    facts: FolderFacts | None = None,
    parent: LanguageModel | None = None,
) -> LanguageModel:
    details: dict[str, Any] = {"kind": kind.value, "location": location}
    if facts is not None:
        details["digest"] = facts.digest
    try:
        with transaction.atomic():
            model = LanguageModel.objects.create(
                label=label,
                kind=kind,
                location=location,
                settings=chosen.as_json(),
                manifest={} if facts is None else facts.as_json(),
                digest="" if facts is None else facts.digest,
                parent=parent,
                created_by=actor.user,
            )
            record(actor, "model.register", subject=label, details=details)
    except IntegrityError as error:
        raise LabelTaken(
            f"There is a model labelled {label!r} already.", details={"field": "label", "value": label}
        ) from error
    return model


def _check_hub(hub: str) -> None:
    if not _HUB.fullmatch(hub):
        _refuse("hub", hub, "owner/name or owner/name@revision")


def _refuse(field: str, value: str, expected: str) -> None:
    raise InvalidInput(
        f"{field}: {value[:200]!r} is not usable, expected {expected}.",
        details={"field": field, "value": value[:200], "expected": expected},
    )
