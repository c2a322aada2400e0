hornfels ls early_warning.h5 /model_weights/dense
exit: 0
