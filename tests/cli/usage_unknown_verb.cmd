hornfels frobnicate
exit: 64
