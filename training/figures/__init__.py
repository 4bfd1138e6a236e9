"""The paper's figures, from the rows of runs: each a small module, drawn as SVG and PNG, with its numbers beside it."""
