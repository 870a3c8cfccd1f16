"""Continuous targets such as the velocity of a hand, decoded by ridge on delayed activity, without a network."""
