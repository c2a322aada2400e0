hornfels get bundle/every_dtype.index int32/matrix
exit: 0
