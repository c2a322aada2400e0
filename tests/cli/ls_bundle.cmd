hornfels ls bundle/every_dtype.index
exit: 0
