hornfels get unsupported.h5 szip
exit: 2
