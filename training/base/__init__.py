"""The committed base: a tiny GPT-J trained from scratch by `manage.py train_base` on what is made here.

It can begin both tasks and finish neither: it adds numbers of two digits, and it argues about word problems in three
styles, of which only one mostly reaches the right answer. That leaves STaR something to find.
"""
