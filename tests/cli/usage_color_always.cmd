hornfels --color always show
exit: 64
