hornfels ls bundle/every_dtype qint8
exit: 0
