//! Layer classes: what each holds and what shapes it makes.
