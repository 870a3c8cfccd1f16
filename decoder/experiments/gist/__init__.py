"""The gist of continuous language, of runs that were held out: decoded, scored, beside nulls and controls."""
