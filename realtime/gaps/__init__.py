"""Which samples are missing: from stamps to places on the sample grid."""
