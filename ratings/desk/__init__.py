"""The rater's desk: the pages and calls of somebody who rates. Knows no source."""
