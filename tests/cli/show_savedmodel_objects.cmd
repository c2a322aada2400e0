hornfels convert emotions.h5 m -q --no-traces --no-optimizer && hornfels show m --objects | head -20
exit: 0
