mkdir model && hornfels show model
exit: 2
