"""Puts a service's refusal beside the field of the form that it is about."""

from __future__ import annotations

from django import forms

from accounts.errors import StarchamberError


def show_refusal(form: forms.BaseForm, error: StarchamberError) -> None:
    """The error's sentence, beside the field that its details name, else above the form.

    A form whose fields have other names than what they make has `field_about(name) -> field`.
    """
    said = str(error.details.get("field") or "")
    about = getattr(form, "field_about", None)
    field = about(said) if about is not None and said else said
    message = error.message
    if field in form.fields:
        if field in (said, said.replace(".", "_")):
            message = message.removeprefix(f"{said}: ")
        form.add_error(field, message[:1].upper() + message[1:])
    else:
        form.add_error(None, message)
