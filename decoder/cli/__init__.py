"""The command line of ``hotwire``, one file a command."""
