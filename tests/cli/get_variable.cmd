hornfels get early_warning.h5 dense/bias
exit: 0
