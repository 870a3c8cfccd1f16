"""The shared part of maps and fits: one study's recording with its regions, its folds and its networks."""
