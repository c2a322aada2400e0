hornfels convert early_warning.h5 out.bin --format hdf5 -q && hornfels get out.bin dense/bias
exit: 0
