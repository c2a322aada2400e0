hornfels ls bundle/every_dtype int
exit: 2
