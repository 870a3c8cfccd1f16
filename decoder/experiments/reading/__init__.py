"""Reading times: what a language model's surprisal says of them beyond length, punctuation, frequency and place."""
