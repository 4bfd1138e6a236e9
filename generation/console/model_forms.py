"""The form behind a new model."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from generation.registry.settings import MAX_SERVED_NAME, ModelSettings, Protocol, RationaleText

_DEFAULTS = ModelSettings()
_VERBATIM = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}

KINDS = [
    ("path", "A folder on the workers' machines"),
    ("hub", "A Hugging Face model"),
    ("endpoint", "A model server"),
]
RATIONALE_TEXTS = [
    (RationaleText.AFTER_THINKING, "What stands behind its thinking tags; all of it where there are none"),
    (RationaleText.CONTENT, "All of its text, thinking tags included"),
    (RationaleText.REASONING_CONTENT, "What the server sends apart as reasoning_content"),
]
PROTOCOLS = [
    (Protocol.CHAT, "Chat: the prompt is one user message"),
    (Protocol.COMPLETIONS, "Completions: the prompt as it is, for base models"),
]


class NewModelForm(forms.Form):
    """A label, where the model is, and which of its texts is the rationale."""

    label = forms.SlugField(
        max_length=100,
        help_text="Letters, digits, - and _. Runs name it, and its candidates are filed under it. Raters never see it.",
        widget=forms.TextInput(attrs=_VERBATIM),
    )
    kind = forms.ChoiceField(label="Where it is", choices=KINDS, widget=forms.RadioSelect, initial="path")
    path = forms.CharField(
        label="Folder",
        max_length=900,
        widget=forms.TextInput(attrs=_VERBATIM),
    )
    hub = forms.CharField(
        label="Hub id",
        max_length=300,
        help_text="owner/name, such as EleutherAI/gpt-j-6b. Fetched when something is first sampled from it.",
        widget=forms.TextInput(attrs=_VERBATIM),
    )
    endpoint = forms.ChoiceField(
        label="Server",
        help_text="Servers are allowed by name, in ENDPOINTS of the environment.",
    )
    served_model = forms.CharField(
        label="Its name on the server",
        required=False,
        max_length=MAX_SERVED_NAME,
        help_text="Empty: the label.",
        widget=forms.TextInput(attrs=_VERBATIM),
    )
    protocol = forms.ChoiceField(
        label="How the server is asked", choices=PROTOCOLS, initial=_DEFAULTS.protocol
    )
    rationale_text = forms.ChoiceField(
        label="Which text is the rationale",
        choices=RATIONALE_TEXTS,
        initial=_DEFAULTS.rationale_text,
        help_text="The others are kept beside it all the same, and never shown to raters.",
    )

    #: Two of the three places are hidden, where a browser would insist on what nobody sees.
    use_required_attribute = False

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        if data is not None:
            for place, _ in KINDS:
                self.fields[place].required = data.get("kind") == place
        endpoint = self.fields["endpoint"]
        assert isinstance(endpoint, forms.ChoiceField)
        endpoint.choices = [("", "None chosen"), *((name, name) for name in sorted(settings.ENDPOINTS))]
        roots = ", ".join(str(root) for root in settings.MODEL_ROOTS)
        self.fields[
            "path"
        ].help_text = f"Below one of {roots}. It holds config.json, safetensors and a tokenizer."

    def place(self) -> dict[str, str]:
        """The one of path, hub and endpoint that was chosen."""
        kind = self.cleaned_data["kind"]
        return {kind: self.cleaned_data[kind]}

    def settings(self) -> ModelSettings:
        names = ("rationale_text", "protocol", "served_model")
        return ModelSettings.from_json({name: self.cleaned_data[name] for name in names})
