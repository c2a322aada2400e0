hornfels ls kinds.h5 --json
exit: 0
