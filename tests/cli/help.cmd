hornfels --help
exit: 0
