"""The gist of continuous language: which words, spoken in time, explain a recording best."""
