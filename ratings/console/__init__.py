"""The researcher's side: pages and calls about datasets, studies, raters, results and exports."""
