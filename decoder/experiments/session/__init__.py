"""What maps and fits share: one study's recording with its regions, its folds, and its networks."""
