"""Privacy masks: burnt in where the camera cannot apply them, and looked after where it says that it does."""
