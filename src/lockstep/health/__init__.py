"""What the outside sees of a boot and of the process after it: an ASGI app of its own, in front of the application's."""
