"""The studio over HTTP. The health addresses and ``/api/boot`` are the engine's: it answers them before we are asked."""
