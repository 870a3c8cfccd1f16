"""Metamers: pictures that a layer of a network cannot tell from a photograph, and what others see in them."""
