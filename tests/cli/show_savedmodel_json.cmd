hornfels convert emotions.h5 m -q && hornfels show m --json | head -40
exit: 0
