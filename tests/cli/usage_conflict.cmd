hornfels get early_warning.h5 / --npy --raw
exit: 64
