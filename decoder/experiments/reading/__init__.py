"""Reading times: what a language model's surprisal says of them beyond length, frequency and place."""
