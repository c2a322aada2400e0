hornfels convert early_warning.h5 small.h5 --no-optimizer -q && hornfels ls small.h5 / --no-attributes | head -n 3 && hornfels get small.h5 /@training_config
exit: 2
