"""The parts of the demo world; make_demo_world.py puts them together."""
