hornfels convert early_warning.h5 early_warning.h5 --force -q && hornfels get early_warning.h5 dense/bias
exit: 0
