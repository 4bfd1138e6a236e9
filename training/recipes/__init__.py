"""Recipes: what a training run does, one TOML file each, every key explained beside its default. No Django in here."""
