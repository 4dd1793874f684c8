"""The camera register: which cameras there are and what is wanted of them."""
