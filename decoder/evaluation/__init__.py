"""Cross-validation over runs: folds, controls, the audit for leaks, rival classifiers, and the result."""
