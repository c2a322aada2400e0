hornfels ls kinds.h5 --color always
exit: 0
