hornfels get early_warning.h5 /model_weights/dense/dense/kernel:0
exit: 0
