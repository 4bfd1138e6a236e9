"""Where raters come from: created by hand, simulated, imported."""
