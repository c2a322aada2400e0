hornfels get - flags < kinds.h5
exit: 0
