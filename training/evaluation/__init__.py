"""How good a model is: estimators, scorers, intervals. No Django in here."""
