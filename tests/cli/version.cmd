hornfels --version
exit: 0
