hornfels get bundle/every_dtype quint16/matrix
exit: 2
