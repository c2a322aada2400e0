//! What a Keras model is; no file format.
