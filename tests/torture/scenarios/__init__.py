"""One file a kind of fault; each function is given a world and breaks something in it."""
