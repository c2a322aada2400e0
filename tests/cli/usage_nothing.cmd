hornfels
exit: 64
