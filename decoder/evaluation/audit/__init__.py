"""The audit for leaks: could the trials that are tested be predicted without the brain, or were they trained on?"""
