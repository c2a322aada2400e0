hornfels get early_warning.h5 /model_weights@layer_names
exit: 0
