hornfels convert -h
exit: 0
