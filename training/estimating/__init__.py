"""What a run will take, before it is launched: its steps and tokens counted, its seconds and memory from figures that
were measured on the machine. No Django, no torch: the web process reckons with it."""
