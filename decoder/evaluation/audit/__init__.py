"""The audit for leaks: could tested trials be predicted without the brain, or were they in the training?"""
