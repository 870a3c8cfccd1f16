"""A web page for the room: signals, states, decisions and losses of a running session, and its commands."""
