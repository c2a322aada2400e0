hornfels ls bundle/partitioned
exit: 0
