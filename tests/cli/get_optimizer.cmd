hornfels get early_warning.h5 /@training_config
exit: 0
