"""Peripherals as supervised actors: transport, framing, device, actor, and the kit that joins them.

The terminal imports `hw.toolbox` and the virtual kit; nothing of the back office imports `hw`.
"""
